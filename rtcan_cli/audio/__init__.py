"""Audio files -> samples: complete files are read to the end, incomplete files are refused."""
