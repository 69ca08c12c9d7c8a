"""Image file formats, one module per format."""
