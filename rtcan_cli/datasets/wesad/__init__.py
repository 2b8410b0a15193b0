"""Reading WESAD."""
