"""Files: how they are addressed, and what is known of one.

    fd://maps/berlin.parquet           in the store, under its owner's own prefix
    file:///mount/maps/berlin.parquet  on the disk that calls of its owner see as /mount
    fd://headrace-temporary/0b1c.parquet       in the store, and deleted after a while

An address is plain text: a percent sign in it is a percent sign. No address leads out of what its reader owns.
"""

import re
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from headrace.errors import Invalid

TEMPORARY = "headrace-temporary"  # a name that published clients take for a host
LONGEST = 1000  # bytes of a whole address without its scheme
LONGEST_NAME = 180  # bytes of a name as it is kept; of the 255 of file systems, some are for names of what is not whole
DEEPEST = 64  # folders

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
UNSAFE = re.compile(r"^ |[^\w.=@+ -]")  # what the keys of a store do not hold, and the sign that escapes it
ESCAPED = re.compile(r"(?:~[0-9A-F]{2})+")


class Place(StrEnum):
    """Where a file is."""

    STORE = "store"
    MOUNT = "mount"


class Address(Struct, frozen=True):
    """Where a file or folder is: its place, and the names from there on."""

    place: Place
    names: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address as text, without a slash at the end."""
        start = "fd://" if self.place is Place.STORE else "file:///mount/"
        return (start + "/".join(self.names)).removesuffix("/") if self.names else start

    @property
    def name(self) -> str:
        """The last of its names; empty for the root."""
        return self.names[-1] if self.names else ""

    def under(self, name: str) -> "Address":
        """What is called so in this folder."""
        return Address(self.place, (*self.names, name))


class Entry(Struct, frozen=True, kw_only=True):
    """A file, or a folder that files are in."""

    address: Address
    directory: bool = False
    size: int | None = None  # bytes; None for what is no regular file
    modified: datetime | None = None

    @property
    def url(self) -> str:
        """The address as text; that of a folder ends in a slash."""
        return self.address.url + "/" * (self.directory and bool(self.address.names))


def parse(text: str, own: str = "") -> Address:
    """The address that a text is. `own` is the URL of its reader's prefix in the store, another spelling of fd://.

    Raises Invalid with what is wrong with it.
    """
    if own and (text == own or text.startswith(own + "/")):
        return Address(Place.STORE, tuple(decoded(name) for name in names_of(text[len(own) :])))
    if text == "/mount" or text.startswith("/mount/"):
        text = f"file://{text}"
    scheme = SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    match scheme[1].lower() if scheme else None:
        case "fd":
            return Address(Place.STORE, names_of(rest))
        case "file" if rest == "/mount" or rest.startswith("/mount/"):
            return Address(Place.MOUNT, names_of(rest.removeprefix("/mount")))
        case "file":
            raise Invalid("Of file:// addresses, those under file:///mount/ are served here.")
        case None:
            raise Invalid(f"{text[:80]!r} is no address of a file; fd://folder/name and file:///mount/folder/name are.")
        case other:
            raise Invalid(
                f"{other[:20]}:// addresses are not read by this server: it serves fd://, which is yours, and "
                f"file:///mount/. Your own code reads {other[:20]}:// with credentials of its own."
            )


def names_of(path: str) -> tuple[str, ...]:
    """The names in a path between slashes; empty ones do not count. Raises Invalid."""
    names = tuple(name for name in path.split("/") if name)
    for name in names:
        if name in {".", ".."}:
            raise Invalid("The names . and .. lead nowhere here; write the address out.")
        if CONTROL.search(name):
            raise Invalid("A name holds no control characters, NUL among them.")
        if len(encoded(name)) > LONGEST_NAME or len(encoded(name).encode()) > LONGEST_NAME:
            raise Invalid(
                f"The name {name[:40]!r}... is too long: {LONGEST_NAME} bytes are taken, and three for each byte of "
                "what is no letter, digit or one of . _ = @ + - and space."
            )
    if len(names) > DEEPEST or sum(len(encoded(name).encode()) + 1 for name in names) > LONGEST:
        raise Invalid(f"An address has at most {DEEPEST} names and {LONGEST} bytes.")
    return names


def encoded(name: str) -> str:
    """A name as the keys of a store hold it: what they do not is ~ and two hexadecimal digits for each byte."""
    return UNSAFE.sub(lambda found: "".join(f"~{byte:02X}" for byte in found[0].encode(errors="replace")), name)


def decoded(name: str) -> str:
    """The name that `encoded` was given."""
    return ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("~", "")).decode(errors="replace"), name)
