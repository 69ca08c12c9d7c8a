"""Flat KLARF files: versions 1.1 and 1.2."""
