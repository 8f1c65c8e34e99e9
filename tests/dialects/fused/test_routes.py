"""The protocol's routes, over plain HTTP."""
