"""The trained detector: Faster R-CNN with ResNet-50 and a feature pyramid."""
