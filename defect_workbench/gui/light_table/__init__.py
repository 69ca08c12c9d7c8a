"""Reviewing images at full size, with a fixed key for each class."""
