"""Defects by the command line."""
