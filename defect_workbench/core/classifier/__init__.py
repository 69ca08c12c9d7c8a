"""Classifiers as data: taxonomy, trained stages, results of training."""
