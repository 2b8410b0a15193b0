"""What all commands share on the command line."""
