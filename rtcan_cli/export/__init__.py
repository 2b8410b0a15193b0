"""Trained models as files for other programs: ONNX and TorchScript, and weights as safetensors."""
