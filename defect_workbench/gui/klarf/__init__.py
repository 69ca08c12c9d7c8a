"""Inspection files (KLARF) in the window: which pictures are opened, and classes that are written back."""
