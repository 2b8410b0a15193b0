"""The steps, grouped as the help is: open stores, call the pure library, write the store."""
