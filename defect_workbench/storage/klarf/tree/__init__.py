"""Hierarchical KLARF files: versions 1.7 and 1.8."""
