"""Headrace against what users would pick instead, in the same run on the same machine. See README.md."""
