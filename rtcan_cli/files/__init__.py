"""Files in general: written whole or not at all, opened without following links, recognised."""
