"""The state of a project: clusters, decisions, proposals of a classifier, side data."""
