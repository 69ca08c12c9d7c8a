"""The state of a piece of work: clusters, decisions, proposals, side data."""
