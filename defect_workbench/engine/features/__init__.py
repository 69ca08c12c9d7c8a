"""The feature blocks, their identities, and their fusion into one vector."""
