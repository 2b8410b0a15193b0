"""Unfinished work: who holds a store, and the items kept until the store can be written."""
