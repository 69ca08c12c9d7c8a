"""Writing safely: atomic files, staged folders, safe names."""
