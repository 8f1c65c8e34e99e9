"""The format `jpg` by its other name."""

from headrace.formats import jpg

format = jpg.format
