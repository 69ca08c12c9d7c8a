"""Training data: labelled folders, stage inputs, augmentation."""
