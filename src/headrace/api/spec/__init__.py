"""Documents derived from the declared operations."""
