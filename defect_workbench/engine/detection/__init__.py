"""Find, count and evaluate the defects of an image."""
