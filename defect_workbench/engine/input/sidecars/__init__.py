"""Formats of the sidecar files that microscopes write beside images."""
