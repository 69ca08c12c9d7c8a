"""The open document: state, undo, item models."""
