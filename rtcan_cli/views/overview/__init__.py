"""What there is: stores, workspaces and models, for a person."""
