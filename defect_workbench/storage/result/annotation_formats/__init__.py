"""Formats of annotation files, one module for each."""
