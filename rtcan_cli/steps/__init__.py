"""The steps, one file each: open stores, call the pure library, write the store.

Plain functions that a Python script calls as the command line does.
"""
