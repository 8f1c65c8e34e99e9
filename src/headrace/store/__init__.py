"""Bytes: blobs, stored results, and what is encrypted."""
