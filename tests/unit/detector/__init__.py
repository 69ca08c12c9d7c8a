"""The trained detector."""
