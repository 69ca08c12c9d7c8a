"""The dendrogram and the panel that sets how images are clustered."""
