"""A folder's images to stored feature vectors."""
