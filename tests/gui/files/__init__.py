"""What the window opens and writes."""
