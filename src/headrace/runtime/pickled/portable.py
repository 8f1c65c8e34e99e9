"""Pickles that other versions of cloudpickle and of pandas read as well: those of the clients.

cloudpickle 1 to 3 have one place in common where they keep what functions and classes are made with again; 1.4.1 lacks
three of those, for which the standard library has the same.

pandas 3 pickles arrays of dates and of categories, indexes of them, and NaT, in ways that pandas 2 refuses; it reads
the older ways.
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType
from typing import Any

from .names import Sender

# Of cloudpickle, and what of `types` does the same.
COMMON = {"_make_function": "FunctionType", "_make_cell": "CellType", "_make_empty_cell": "CellType"}


class _Module:
    """Pickled as the module of that name, where it is read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> Any:
        return import_module, (self.name,)


class _Spaced:
    """Pickled as an array of pandas' that knows how it is spaced: pandas 3 has the index know."""

    def __init__(self, array: Any, frequency: Any) -> None:
        self.array, self.frequency = array, frequency

    def __reduce__(self) -> Any:
        return _of_array(self.array, self.frequency)


def pickler() -> Any:
    """A class of picklers, of binary files."""
    import dataclasses

    import cloudpickle

    sentinel: Any = vars(dataclasses)["_FIELD_BASE"]

    class Portable(cloudpickle.Pickler):  # pyright: ignore[reportUntypedBaseClass] - has no types
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, FunctionType) and obj.__module__ == "cloudpickle.cloudpickle":
                if obj.__name__ in COMMON:
                    return getattr, (_Module("types"), COMMON[obj.__name__])
                return getattr, (_Module(f"{Sender.cloudpickle}.cloudpickle_fast"), obj.__name__)
            if isinstance(obj, sentinel):
                return getattr, (_Module("dataclasses"), getattr(obj, "name"))  # noqa: B009 - of a class without types
            if type(obj).__module__.partition(".")[0] == "pandas" and "pandas" in sys.modules:
                reduced = _of_pandas(obj)
                if reduced is not None:
                    return reduced
            return super().reducer_override(obj)

    return Portable


def _of_pandas(value: Any) -> Any:
    """How a value of pandas' is pickled, or None: as it pickles itself."""
    pandas = sys.modules["pandas"]
    if value is pandas.NaT:
        return pandas.Timestamp, ("NaT",)
    if hasattr(value, "_ndarray") and hasattr(value, "_dtype"):
        return _of_array(value, getattr(value, "_freq", None))
    if type(value) in (pandas.DatetimeIndex, pandas.TimedeltaIndex) and "freq" in (state := value.__reduce__()[1][1]):
        state["data"] = _Spaced(state["data"], state.pop("freq"))
        return import_module("pandas.core.indexes.base")._new_Index, (type(value), state)  # noqa: SLF001 - their pickles' own name
    return None


def _of_array(array: Any, frequency: Any) -> Any:
    """An array over one of numpy's, of which pandas knows the type and how it is spaced."""
    state = {"_ndarray": array._ndarray, "_dtype": array._dtype}  # noqa: SLF001 - pandas' own names in pickles
    if frequency is not None:
        state["_freq"] = frequency
    return type(array).__new__, (type(array),), state
