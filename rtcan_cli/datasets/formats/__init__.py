"""File formats of recordings: each reader turns a file into `contents.Contents`."""
