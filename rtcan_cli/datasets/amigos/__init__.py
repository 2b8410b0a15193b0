"""AMIGOS: MATLAB files of one subject each."""
