"""What connects the pages of the window with the rest of it."""
