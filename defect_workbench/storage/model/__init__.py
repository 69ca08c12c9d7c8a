"""Trained classifiers on disk."""
