"""From a folder to clusters: scan, decode, features, tree, cuts, outliers. No Qt anywhere below."""
