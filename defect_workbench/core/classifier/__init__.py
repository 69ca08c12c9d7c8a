"""A trained classifier as data: its taxonomy, its numbers."""
