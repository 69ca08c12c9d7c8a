"""Preprocessing: the steps applied to an image before its features are computed."""
