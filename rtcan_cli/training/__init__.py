"""Training: folds, data on the device, recipes, one fold, all folds."""
