"""Writes ONNX models, proves them equal to the classifier, and predicts with them."""
