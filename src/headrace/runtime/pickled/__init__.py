"""Functions and values that come as pickles, and what becomes of them (protocol notes of TileDB Cloud, 3.3).

    pickle, arguments ─▶ call.run ─▶ names.load (the function) ─▶ parameters.collect ─▶ the function ─▶ values.write

Code objects fit one minor version of Python. So this folder is plain Python 3.8 that imports nothing of the rest of
headrace: a worker imports it, and interpreters of other versions are started with it (`child.py`).
"""
