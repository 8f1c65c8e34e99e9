"""Arrays: what the catalogue knows of each. Its cells lie in a folder of the server's or where its owner says."""

import re
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct

from headrace.errors import Invalid
from headrace.model.object import Object

FOLDER = "arrays"  # beneath the folder that the server lends from
LONGEST_NAME = 200
# What a URI would read as more than a name, or no terminal shows.
NAME = re.compile(r"[^\x00-\x1f\x7f/\\`]+")
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
MOUNT = "/mount/"  # where the owner's disk is, for their code


class Array(Object, frozen=True, kw_only=True):
    """An array that is registered, called `tiledb://<namespace>/<name>`."""

    uid: str
    namespace: str
    storage: str  # where it lies; empty: in a folder of the server's
    file_type: str | None = None
    file_properties: dict[str, str]
    description: str | None = None
    tags: list[str]
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    access_credentials_name: str | None = None
    read_only: bool = False
    public_read: bool = False
    last_accessed_at: datetime | None = None
    size: int | None = None  # bytes, when it was last written to; None where it lies elsewhere

    @property
    def uri(self) -> str:
        """What it is called by in SQL and by functions."""
        return f"tiledb://{self.namespace}/{self.name}"

    @property
    def folder(self) -> str | None:
        """Its folder beneath the one that the server lends from; None where it lies elsewhere."""
        return None if self.storage else f"{FOLDER}/{self.owner_id}/{self.uid}"


class Event(StrEnum):
    """What was done with an array (TileDB protocol notes, ActivityEventType)."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    CREATE = "create"
    DELETE = "delete"
    READ_SCHEMA = "read_schema"
    QUERY_READ = "query_read"
    QUERY_WRITE = "query_write"
    QUERY_DELETE = "query_delete"
    UDF = "udf"
    METADATA_UPDATE = "array_metadata_update"


class Activity(Struct, frozen=True, kw_only=True):
    """One thing that was done with an array."""

    uid: str
    at: datetime
    event: str  # one of Event
    username: str
    task_uid: str | None = None


def check_name(name: str) -> str:
    """The name itself. Raises Invalid for what cannot stand in a URI's last place."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name != name.strip() or name in {".", ".."}:
        raise Invalid(f"{name[:80]!r} is no name for an array: 1 to {LONGEST_NAME} characters, none of them / \\ or `.")
    return name


def check_storage(address: str) -> str:
    """Where an array lies, as it is kept: without a slash at its end. Raises Invalid for where none can lie."""
    address = address.rstrip("/")
    parts = urlsplit(address)
    if not address.isprintable() or len(address) > 1000 or ".." in parts.path.split("/"):
        raise Invalid("The address of an array is a URI of at most 1000 characters, without `..`.")
    if parts.scheme == "s3" and BUCKET.fullmatch(parts.netloc) and not parts.query and not parts.fragment:
        return address
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith(MOUNT):
        return address
    raise Invalid(
        f"{address[:80]!r} is no place for an array: s3://bucket/path, or file://{MOUNT}path on your own disk; without "
        "one it lies in a folder of the server's."
    )


def parse(uri: str) -> tuple[str, str]:
    """The namespace of a `tiledb://` URI, and what follows it: a name, a UUID, or where it lies. Raises Invalid."""
    scheme, _, rest = uri.partition("://")
    namespace, _, called = rest.partition("/")
    if scheme != "tiledb" or not namespace or not called:
        raise Invalid(f"{uri[:80]!r} is no address of a registered array: tiledb://namespace/name.")
    return namespace, called
