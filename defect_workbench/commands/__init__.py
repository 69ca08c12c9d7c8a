"""The headless commands, a module each: its options (`add`) and what it does (`run`)."""
