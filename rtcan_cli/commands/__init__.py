"""The subcommands, one file each: the command-line function and the step under it."""
