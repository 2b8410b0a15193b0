"""What RTCAN-1D is compared with: one file a model."""
