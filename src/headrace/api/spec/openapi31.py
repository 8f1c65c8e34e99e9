"""openapi31."""
