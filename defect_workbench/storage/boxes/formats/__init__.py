"""Formats of box files, one per module."""
