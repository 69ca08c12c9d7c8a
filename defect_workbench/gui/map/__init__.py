"""The two-dimensional map of the images."""
