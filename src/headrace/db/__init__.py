"""Rows: the tables, their history, and a module of queries per noun."""
