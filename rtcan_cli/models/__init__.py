"""The network: attention modules, residual feature extraction, RTCAN and its weights."""
