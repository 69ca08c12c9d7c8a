"""Feature vectors to clusters: linkage, affinity propagation, cuts, outliers, map."""
