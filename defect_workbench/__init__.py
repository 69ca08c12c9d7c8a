"""Sort defect images into groups a person can confirm."""

__version__ = "0.1.0"
