"""Files of trained classifiers: the model file and ONNX."""
