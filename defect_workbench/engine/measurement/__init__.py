"""Detection and measurement of defects in an image."""
