"""ONNX files without the onnx package: wire format, generators, reseeding of weights."""
