"""A folder is an extension point and a file is an extension: find one by name, import only the one asked for.

The module ``headrace/formats/csv.py`` is the format called ``csv`` and holds it as ``format``. Another
distribution adds its own under the entry point group named after the package (``headrace.formats``).
The package is named by text, so that a lower layer can look names up without importing a higher one.
"""

from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from pkgutil import iter_modules
from typing import Generic, TypeVar

from headrace.errors import Invalid

T = TypeVar("T")


class UnknownName(Invalid):
    """Nothing is registered under that name."""


class Registry(Generic[T]):
    """The implementations in one package, one module each, and those that other distributions add.

    Not a Mapping on purpose: ``list()`` would ask for its length and so list the folder twice.
    """

    def __init__(self, package: str, attribute: str) -> None:
        self.package, self.attribute = package, attribute
        self._loaded: dict[str, T] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every registered name, sorted; nothing is imported but the package itself."""
        modules = iter_modules(import_module(self.package).__path__)
        return tuple(sorted({m.name for m in modules if not m.name.startswith("_")} | self._added.names))

    def __getitem__(self, name: str) -> T:
        """The implementation called `name`. Raises UnknownName with the names there are."""
        if (found := self._loaded.get(name)) is not None:
            return found
        self._loaded[name] = implementation = self._load(name)
        return implementation

    @cached_property
    def _added(self) -> EntryPoints:
        return entry_points(group=self.package)

    def _load(self, name: str) -> T:
        if name not in self.names:
            raise UnknownName(f"No {self.attribute} is called {name!r}; there are {', '.join(self.names)}.")
        for entry_point in self._added.select(name=name):
            return entry_point.load()
        return getattr(import_module(f"{self.package}.{name}"), self.attribute)
