"""Find, count and evaluate defects."""
