"""Pickles that name modules which are not here: the clients' own copies of cloudpickle, and their decoders.

    cloudpickle.cloudpickle(_fast)                      as 0.8.2 names it, with cloudpickle 1.4.1
    tiledb.cloud._vendor.cloudpickle.cloudpickle(_fast) as 0.14.4 names it, with cloudpickle 2.2.1
    tiledb.cloud._results.decoders, .stored_params      what stands for the stored result of a task

The names are changed while they are read, and nothing is put among the modules that user code sees.
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import io
import pickle
import sys
import types
from importlib import import_module
from typing import Any

from . import lines, values
from .failure import Failed

VENDORED = "tiledb.cloud._vendor."


class StoredParam:
    """Stands for the stored result of a task, among arguments."""

    task_id: Any
    decoder: Any


class Decoder:
    """Says how a stored result is read."""

    format: str

    def decode(self, data: bytes) -> Any:
        """The value that these bytes hold."""
        return values.read(self.format, data)


class PandasDecoder(Decoder):
    """Says that a stored result is read as a DataFrame."""

    def decode(self, data: bytes) -> Any:
        """The DataFrame that these bytes hold."""
        if self.format == "arrow":
            return values.read("arrow_dataframe", data)
        import pandas as pd

        return pd.DataFrame(values.read(self.format, data))


def _import(name: str) -> Any:
    """The module that results of ours name which were written for a client (`values.write_pickle`)."""
    return import_module(_here(name))


def _builtin_type(name: str) -> Any:
    """The type that cloudpickle 1 calls so."""
    return lines.code_of if name == "CodeType" else getattr(types, name)


OWN: dict[tuple[str, str], Any] = {
    ("importlib", "import_module"): _import,
    ("tiledb.cloud._results.stored_params", "StoredParam"): StoredParam,
    ("tiledb.cloud._results.decoders", "Decoder"): Decoder,
    ("tiledb.cloud._results.decoders", "PandasDecoder"): PandasDecoder,
}


class Sender:
    """Who sent the function that is being called, as far as its pickle tells."""

    cloudpickle = "cloudpickle"  # the name of that package there


class _Unpickler(pickle.Unpickler):
    """Finds what was pickled under the names above, and notes what is among it."""

    stores = False
    cloudpickle = ""
    modern = False  # whether it is a cloudpickle that knows Python 3.10

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """What is meant by a name."""
        own = OWN.get((module_name, global_name))
        if own is not None:
            self.stores = self.stores or own is StoredParam
            return own
        before, word, _ = module_name.partition("cloudpickle")
        if word:
            self.cloudpickle = before + word
            self.modern = self.modern or global_name == "_make_function"
            if global_name == "_builtin_type" and not self.modern and sys.version_info[:2] == (3, 10):
                return _builtin_type
        return super().find_class(_here(module_name), global_name)


def _here(module_name: str) -> str:
    return module_name.rpartition(VENDORED)[2]


def load(data: bytes, what: str, *, is_function: bool = False) -> tuple[Any, bool]:
    """What a pickle holds, and whether stored results may be among it. `what` it is, is for the error.

    Raises Failed for what is no pickle, or names what is not here. Runs whatever code the pickle names.
    """
    reader = _Unpickler(io.BytesIO(data))
    try:
        value = reader.load()
    except ModuleNotFoundError as missing:
        raise Failed("ModuleNotFoundError", f"{what} {lacking(missing)}") from None
    except MemoryError:
        raise
    except RecursionError:
        raise Failed("UnpicklingError", f"{what} cannot be unpickled: it is nested too deeply.") from None
    except Exception as wrong:  # noqa: BLE001 - a pickle runs what it names, and that may raise anything
        raise Failed("UnpicklingError", f"{what} cannot be unpickled: {type(wrong).__name__}: {wrong}") from None
    if is_function:
        Sender.cloudpickle = reader.cloudpickle or "cloudpickle"
    return value, reader.stores


def lacking(missing: ModuleNotFoundError) -> str:
    """A predicate that says which module is missing, and what to do."""
    python = "{}.{}".format(*sys.version_info)
    name = missing.name or str(missing)
    if name == "__main__" or name.startswith("__main__."):
        return f"refers to {name} of the program that sent it, which is not here."
    package = name.partition(".")[0]
    told = f"needs the module {name!r}, which Python {python} of this server does not have; "
    if __name__.startswith("headrace."):
        return f"{told}`headrace env add NAME cloudpickle {package}` makes an environment for image_name=NAME."
    return f"{told}send it from the Python that serves, for which environments can have any package."
