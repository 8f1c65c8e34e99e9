"""The resource udfs."""
