"""The resource tokens."""
