"""Counts of classes by lot, wafer, tool, time or another column, and what changed between them."""
