"""Results that grow while a folder is watched: rows are only appended, and a kill loses and repeats none."""
