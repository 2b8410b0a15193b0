"""A run: its settings, the inputs and folds it was trained with, and what its store answers."""
