"""Annotation formats, one per module."""
