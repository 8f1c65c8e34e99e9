"""Headrace: Python functions, SQL and scripts, kept, run as tracked jobs and shared as HTTPS APIs, tiles and tables."""
