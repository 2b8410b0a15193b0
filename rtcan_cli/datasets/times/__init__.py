"""When samples were taken, and how files say so."""
