"""Fit the head of a stage: ridge regression, a small network, and cross-validation folds."""
