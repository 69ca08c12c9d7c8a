"""How one stage is fitted: ridge regression, a small network, cross-validation folds."""
