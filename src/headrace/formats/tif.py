"""The format `tiff` by the name of its files."""

from headrace.formats import tiff

format = tiff.format
