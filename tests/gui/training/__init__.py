"""Training and classifying from the window, on the sample set."""
