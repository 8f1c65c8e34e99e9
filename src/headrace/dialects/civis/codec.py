"""The civis dialect on the wire."""
