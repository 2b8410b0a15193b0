"""Own recordings: a table of trials, and the signal files that it names."""
