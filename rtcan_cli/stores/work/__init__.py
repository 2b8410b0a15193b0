"""Unfinished work: who has locked a store, and the items kept until the store can be written."""
