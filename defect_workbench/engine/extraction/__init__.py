"""Compute the features of a folder's images and keep them in the feature store."""
