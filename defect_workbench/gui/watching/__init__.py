"""Watching a folder in the window."""
