"""The checks, one per module; none imports a package of others before it runs."""
