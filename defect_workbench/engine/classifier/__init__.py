"""Confirmed labels to a staged classifier: data, stages, heads, evaluation, unknown kinds."""
