"""The session file and what goes into it."""
