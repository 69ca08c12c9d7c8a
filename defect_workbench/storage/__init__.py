"""What is kept on disk: feature store, session file, export, report. No Qt."""
