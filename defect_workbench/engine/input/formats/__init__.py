"""Formats of image files, one module for each."""
