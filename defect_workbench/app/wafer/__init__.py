"""Where clusters lie on wafers, kept up to date in the background."""
