"""Is a raw recording good enough to be decomposed? Measures, rules, and a verdict in words."""
