"""Speaker embeddings and segmentation networks in ONNX files."""
