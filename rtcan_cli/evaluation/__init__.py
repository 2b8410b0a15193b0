"""How good a run is: scores per fold, a check for leakage, and the published figures."""
