"""Wafers in the report."""
