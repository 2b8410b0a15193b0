"""Raw files: found, opened and read, whatever the dataset."""
