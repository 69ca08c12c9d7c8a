"""Boxes of defects: corrected by hand."""
