"""Benchmark of quality: how well the program groups, flags and classifies labelled images."""
