"""Thumbnails, the cluster list and the outlier queue."""
