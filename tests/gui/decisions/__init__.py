"""Decisions of a person are kept."""
