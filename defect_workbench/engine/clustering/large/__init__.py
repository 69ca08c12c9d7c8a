"""Clustering of more rows than the distances of all pairs fit into memory for."""
