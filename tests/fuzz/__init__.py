"""Run whole jobs on random folders: `python -m tests.fuzz --minutes 60`."""
