"""Clustering: block weights, methods, cuts, outliers, the map, and analyses of the result."""
