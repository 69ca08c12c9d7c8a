"""The Wafer tab."""
