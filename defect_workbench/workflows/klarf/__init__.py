"""Images that inspection files (KLARF) name: list them, and write classes back."""
