"""What is done to a picture before its features are computed."""
