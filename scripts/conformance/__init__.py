"""The conformance suites of model files; scripts/conformance_onnx.py is the command."""
