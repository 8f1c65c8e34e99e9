"""The loops beside the requests."""
