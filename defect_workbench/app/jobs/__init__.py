"""Jobs that run in the background while the window stays responsive."""
