"""Checkpoints -> ONNX -> INT8 -> bundle. The running appliance never imports this package."""
