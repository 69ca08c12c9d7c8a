"""Defect maps, and grouping by them."""
