"""One figure a file; every function takes arrays or tables and returns a matplotlib Figure.

Nothing here touches pyplot: figures belong to the caller, and work without a screen.
"""
