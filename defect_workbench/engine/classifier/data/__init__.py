"""What a classifier learns from: labelled folders, stage inputs, augmentation."""
