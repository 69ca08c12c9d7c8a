"""What things are: records, clusters, assignments, errors. Standard library and numpy only."""
