"""The window's state and work, without widgets: document, undo, jobs, thumbnails, item models."""
