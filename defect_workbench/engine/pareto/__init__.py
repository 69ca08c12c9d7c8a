"""Intervals for counts of classes, and tests whether they changed from lot to lot."""
