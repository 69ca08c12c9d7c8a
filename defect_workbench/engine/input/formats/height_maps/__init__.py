"""File formats of atomic force microscopes, whose height maps are converted to grey images."""
