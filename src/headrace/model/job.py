"""What can run: a job, its versions, and the tokens that open one."""

import json
import re
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import Struct

from headrace.errors import Invalid
from headrace.model import duration, statement
from headrace.model.object import Noun, Object

DECLARED_MAX_AGE = re.compile(
    r"""^@[\w.]*udf\([^()#]{0,2000}?\bcache_max_age\s*=\s*(?:(\d+)|"([^"\n]*)"|'([^'\n]*)')""", re.MULTILINE
)

DECLARED_ENVIRONMENT = re.compile(
    r"""^@[\w.]*udf\([^()#]{0,2000}?\benvironment\s*=\s*(?:"([^"\n]*)"|'([^'\n]*)')""", re.MULTILINE
)
ENVIRONMENT = "headrace:environment"  # the key of a udf's metadata


class Kind(StrEnum):
    """How a job runs. Its value is what the database keeps."""

    UDF = "udf"
    SQL = "sql"
    PYTHON3 = "python3"
    R = "r"
    JAVASCRIPT = "javascript"
    CONTAINERS = "containers"
    CUSTOM = "custom"  # another script, by way of a template


class Module(Struct, frozen=True, rename={"name": "module_name", "source": "source_code"}):
    """An extra module that a udf can import while it runs; the wire calls it a header (protocol notes 5.6)."""

    name: str
    source: str
    source_file: str | None = None


class Function(Struct, frozen=True, kw_only=True):
    """The code of a udf: source text and the name of the function to call in it, or a statement of SQL.

    Read from the wire's udf object (protocol notes 3.1); keys that are not ours are kept in the stored text.
    """

    code: str
    entrypoint: str
    name: str | None = None
    headers: list[Module] = []
    parameters: dict[str, Any] = {}
    metadata: dict[str, Any] | None = None
    cache_max_age: int | None = None

    def digest(self) -> str:
        """The identity of the code: everything that can change what a call with given arguments answers."""
        text = sha256()
        for part in (self.entrypoint, self.code, *(p for m in self.headers for p in (m.name, m.source))):
            text.update(len(part).to_bytes(8, "big"))
            text.update(part.encode())
        if declared := (self.metadata or {}).get(statement.SQL):
            text.update(json.dumps(declared, sort_keys=True).encode())
        return text.hexdigest()

    def saved(self) -> statement.Saved | None:
        """What it says of its statement where its code is SQL, None where that is Python. Raises Invalid."""
        declared = (self.metadata or {}).get(statement.SQL)
        return None if declared is None else statement.read(declared)

    def environment(self) -> str:
        """The name of the environment that the code asks for: in its metadata, else in its decorator as a literal."""
        named = (self.metadata or {}).get(ENVIRONMENT)
        if isinstance(named, str) and named:
            return named
        found = DECLARED_ENVIRONMENT.search(self.code)
        return next((text for text in found.groups() if text), "default") if found else "default"

    def max_age(self) -> int | None:
        """Seconds that a result of this code may be served again, where the udf says so.

        It says so in its own field, else in its decorator as a literal. The decorator is read by pattern: the server
        never parses user code.
        """
        if self.cache_max_age is not None:
            return self.cache_max_age
        if not (found := DECLARED_MAX_AGE.search(self.code)):
            return None
        try:
            return duration.seconds(next(text for text in found.groups() if text is not None))
        except Invalid:
            return None


class Udf(Struct, frozen=True, kw_only=True):
    """A saved udf: a job of kind `udf` at its current version."""

    id: int
    uid: str
    slug: str
    owner_id: int
    owner_email: str
    version: int
    body: str  # the udf object as JSON text, as it was saved
    public_read: bool = False
    public_list: bool = False
    collection_id: int
    collection_uid: str
    collection_name: str
    udf_type: str | None = None  # auto, udf, app: what clients list it as
    created_at: datetime
    updated_at: datetime


class Script(Object, frozen=True, kw_only=True):
    """A job that is no udf: a script of some kind, at its current version."""

    kind: str
    version: int
    state: str  # of its last run
    parent_id: int | None  # the job after whose success it runs
    template_id: int | None  # where it was made from one
    running_as_id: int | None  # None: its owner
    next_run_at: datetime | None
    settings: dict[str, Any]

    @property
    def standing(self) -> str:
        """The state that people see: of the last run, or whether it waits for its time."""
        return "scheduled" if self.state == "idle" and self.next_run_at is not None else self.state


class Way(Struct, frozen=True, kw_only=True):
    """What jobs of one kind have, as far as keeping them goes."""

    noun: Noun
    kind: Kind
    code: str | None  # the field that is kept as a version
    defaults: dict[str, Any]  # of the other fields
    parts: dict[str, dict[str, Any]]  # of those that have fields in turn: how these are where nothing is said


class Version(Struct, frozen=True, kw_only=True):
    """One version of a saved udf, as it was saved."""

    version: int
    body: str
    author_id: int
    created_at: datetime


class Token(Struct, frozen=True, kw_only=True):
    """The right to call one udf under its owner's environment, and nothing else."""

    id: int
    token: str
    udf_id: int
    udf_uid: str
    udf_slug: str
    owner_id: int
    owner_email: str
    client_id: str | None = None
    cache: bool = True
    enabled: bool = True
    public_read: bool | None = None
    access_scope: str | None = None
    metadata_json: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
