"""Functions that are registered under a name, as the pickle that a client made of one."""

from enum import StrEnum

from headrace.errors import Invalid
from headrace.model.registered import Registered, check_name

SCHEME = "tiledb://"


class Type(StrEnum):
    """What a function gets first: nothing of arrays, what was read of one, or of several."""

    GENERIC = "generic"
    SINGLE_ARRAY = "single_array"
    MULTI_ARRAY = "multi_array"


class Function(Registered, frozen=True, kw_only=True):
    """A registered function, but for its code."""

    type: Type
    language: str
    version: str  # of the Python that pickled it
    environment: str  # the name of the one it is called in
    source: str | None = None  # for people alone


def parse(address: str, own: str) -> tuple[str, str]:
    """Namespace and name of `tiledb://namespace/name`, `namespace/name`, or a name in one's own namespace.

    Raises Invalid for what is none, and for one with a moment in time: of a function its last state alone is kept.
    """
    bare, at, _ = address.removeprefix(SCHEME).partition("@")
    namespace, slash, name = bare.strip().rpartition("/")
    if at:
        raise Invalid(f"Of a function its last state alone is kept: call {bare.strip()[:200]!r}, without a moment.")
    return (namespace if slash else own), check_name(name, "function")
