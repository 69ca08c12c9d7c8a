"""Training and applying a classifier."""
