"""Controllers: what the actions of the window do."""
