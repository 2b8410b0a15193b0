"""What there is: stores, workspaces and models, as data."""
