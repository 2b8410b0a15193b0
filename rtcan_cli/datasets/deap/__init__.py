"""DEAP: pickled arrays of one subject each."""
