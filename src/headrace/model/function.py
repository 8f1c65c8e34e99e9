"""Functions that are registered under a name, as the pickle that a client made of one."""

import re
from enum import StrEnum

from headrace.errors import Invalid
from headrace.model.object import Object

LONGEST_NAME = 200
# What an address would read as more than a name, or no terminal shows. What follows an @ is a moment in time.
NAME = re.compile(r"[^\x00-\x1f\x7f/\\`@]+")
SCHEME = "tiledb://"


class Type(StrEnum):
    """What a function gets first: nothing of arrays, what was read of one, or of several."""

    GENERIC = "generic"
    SINGLE_ARRAY = "single_array"
    MULTI_ARRAY = "multi_array"


class Function(Object, frozen=True, kw_only=True):
    """A registered function, but for its code."""

    uid: str
    namespace: str
    type: Type
    language: str
    version: str  # of the Python that pickled it
    environment: str  # the name of the one it is called in
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str]
    source: str | None = None  # for people alone


def check_name(name: str) -> str:
    """The name itself. Raises Invalid for what cannot stand in an address's last place."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name != name.strip():
        raise Invalid(
            f"{name[:80]!r} is no name for a function: 1 to {LONGEST_NAME} characters, none of them / \\ @ or `."
        )
    return name


def parse(address: str, own: str) -> tuple[str, str]:
    """Namespace and name of `tiledb://namespace/name`, `namespace/name`, or a name in one's own namespace.

    Raises Invalid for what is none, and for one with a moment in time: of a function its last state alone is kept.
    """
    bare, at, _ = address.removeprefix(SCHEME).partition("@")
    namespace, slash, name = bare.strip().rpartition("/")
    if at:
        raise Invalid(f"Of a function its last state alone is kept: call {bare.strip()[:200]!r}, without a moment.")
    return (namespace if slash else own), check_name(name)
