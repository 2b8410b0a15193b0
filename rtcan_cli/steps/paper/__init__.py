"""The paper's tables and figures, with your own numbers in them."""
