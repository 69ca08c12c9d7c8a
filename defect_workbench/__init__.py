"""Group defect images into clusters that the user confirms, and train classifiers on them."""

__version__ = "0.1.0"
