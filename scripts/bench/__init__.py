"""Latency of compiled models beside ONNX Runtime; scripts/bench_models.py is the command."""
