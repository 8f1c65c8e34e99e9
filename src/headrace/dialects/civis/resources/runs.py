"""The resource runs."""
