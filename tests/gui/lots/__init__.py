"""Lots: inspection files and wafers in the window."""
