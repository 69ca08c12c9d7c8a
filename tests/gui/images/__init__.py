"""The views of images."""
