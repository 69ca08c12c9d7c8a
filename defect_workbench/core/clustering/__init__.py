"""What clustering starts from and finds: feature blocks, settings, merge trees, flat clusters, cuts."""
