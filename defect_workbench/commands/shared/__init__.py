"""Options and output that several commands have in common."""
