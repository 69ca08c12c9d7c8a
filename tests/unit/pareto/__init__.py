"""Counts of classes by lot, wafer and other columns."""
