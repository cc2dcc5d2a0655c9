"""Compares what edge-search makes of a checkpoint with what the library does that the checkpoint is for.

`make parity` runs it, in an environment of its own (`.parity-venv`) with PyTorch, timm, torchvision and Keras.
"""
