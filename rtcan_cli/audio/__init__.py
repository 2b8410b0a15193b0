"""Audio files -> samples: all of a whole file, and nothing of one that is cut."""
