"""Folds: how trials are dealt, what each protocol holds out, and the check that it does."""
