"""Bodies of requests, bounded."""
