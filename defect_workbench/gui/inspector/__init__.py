"""One image or cluster in detail."""
