"""Whole jobs without a front: engine and storage brought together. No Qt."""
