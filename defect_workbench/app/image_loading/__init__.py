"""Thumbnails and full-size images read in the background."""
