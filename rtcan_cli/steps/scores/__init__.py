"""What trained runs are worth: scores, comparisons, leakage, numbers of subjects."""
