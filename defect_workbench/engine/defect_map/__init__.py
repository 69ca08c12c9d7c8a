"""Defect maps: where the defect of an image is, and a description of that place alone."""
