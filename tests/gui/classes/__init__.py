"""Classes in the window, and what they keep from lot to lot."""
