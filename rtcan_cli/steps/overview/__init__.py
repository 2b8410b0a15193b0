"""What there is: stores, workspaces and models."""
