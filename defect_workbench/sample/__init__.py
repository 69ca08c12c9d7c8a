"""Synthetic images for the sample set and the tests."""
