"""Boxes of single defects, as the window shows and corrects them."""
