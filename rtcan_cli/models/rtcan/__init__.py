"""RTCAN-1D, as the paper has it and as the authors' code has it."""
