"""What clustering finds before a person decides anything: feature blocks, the merge tree, its cuts."""
