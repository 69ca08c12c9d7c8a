"""Lots by the command line."""
