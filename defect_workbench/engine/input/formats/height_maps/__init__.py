"""Formats of atomic force microscopes, whose height maps become grey images."""
