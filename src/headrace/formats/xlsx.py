"""The format `excel` by the name of its files."""

from headrace.formats import excel

format = excel.format
