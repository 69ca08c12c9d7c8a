"""What a trained detector is."""
