"""Whole folders at random through the real job: `python -m tests.fuzz --minutes 60`."""
