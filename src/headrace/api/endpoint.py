"""One operation over HTTP: decode, call, encode."""
