"""Unit tests, sorted as the package is."""
