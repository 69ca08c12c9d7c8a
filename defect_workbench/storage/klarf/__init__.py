"""KLARF files: read by their record specifications, and written back byte by byte."""
