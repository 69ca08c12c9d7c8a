"""Defects found and measured on a picture."""
