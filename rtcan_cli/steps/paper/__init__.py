"""The paper's tables and figures, with one's own numbers in them."""
