"""Sequential tests of whether kinds of images became more frequent than usual."""
