"""Safe writing of files: atomic files, staged folders, safe names."""
