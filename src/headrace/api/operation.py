"""One operation of the API, declared once as a typed function."""
