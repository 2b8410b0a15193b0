"""Pages that are one HTML file and need nothing else; only the one that plays has a script."""
