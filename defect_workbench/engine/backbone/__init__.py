"""The deep network: its layers, its pretrained weights, and how torch is imported."""
