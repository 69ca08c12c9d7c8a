"""The session file, its parts, and its lock."""
