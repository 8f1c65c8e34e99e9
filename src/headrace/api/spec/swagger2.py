"""swagger2."""
