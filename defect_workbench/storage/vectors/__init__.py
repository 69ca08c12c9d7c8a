"""Feature vectors and analyses kept on disk."""
