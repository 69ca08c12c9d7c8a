"""Reports and slides."""
