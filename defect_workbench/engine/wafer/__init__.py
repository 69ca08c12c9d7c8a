"""Statistics of defects on wafers: placement of clusters, repeaters, density."""
