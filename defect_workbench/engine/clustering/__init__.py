"""Feature vectors to clusters: weights, methods, cuts, outliers, the map, and readings of the result."""
