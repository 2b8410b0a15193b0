"""Electrodermal activity: checks, decomposition and the signals the networks see."""
