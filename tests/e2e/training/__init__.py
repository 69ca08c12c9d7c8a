"""Training by the command line."""
