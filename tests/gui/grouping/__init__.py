"""Grouping in the window."""
