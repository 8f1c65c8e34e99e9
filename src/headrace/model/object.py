"""Objects: what has an owner, can be shared and archived, and can be put in a project."""

from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct


class Level(IntEnum):
    """What somebody may do with an object; each level includes those below it."""

    READ = 1  # see it
    WRITE = 2  # change it, run it
    MANAGE = 3  # share it, archive it, give it away; its owner always may

    @property
    def word(self) -> str:
        """As people and the wire say it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Level":
        """The level of that word: read, write or manage. Raises KeyError."""
        return cls[word.upper()]


class Kind(StrEnum):
    """Objects of one kind share one sequence of ids (Civis protocol notes 6.1)."""

    JOB = "job"
    FILE = "file"
    PROJECT = "project"
    CREDENTIAL = "credential"
    DATABASE = "database"
    STORAGE_HOST = "storage_host"
    TEMPLATE = "template"
    JSON_VALUE = "json_value"
    ARRAY = "array"
    SCHEMA = "schema"
    FUNCTION = "function"
    TASK_GRAPH = "task_graph"


class Noun(Struct, frozen=True):
    """Objects that people call by one word: those of a kind, or of all jobs the ones that run in these ways."""

    word: str
    kind: Kind
    jobs: tuple[str, ...] = ()


class Object(Struct, frozen=True, kw_only=True):
    """What every object has."""

    id: int
    owner_id: int
    name: str
    archived: bool
    hidden: bool
    created_at: datetime
    updated_at: datetime


class Share(Struct, frozen=True, kw_only=True):
    """What a user or a group may do with an object; through a project, where it is in one that shares its objects."""

    level: Level
    user_id: int | None = None
    group_id: int | None = None
    name: str
    project_id: int | None = None


class Project(Object, frozen=True, kw_only=True):
    """Objects that belong together; who may see one that shares automatically may see what is in it."""

    description: str
    note: str | None
    auto_share: bool


class Member(Struct, frozen=True, kw_only=True):
    """An object in a project."""

    project_id: int
    kind: Kind
    job_kind: str | None  # how it runs, where it is a job
    object: Object


NOUNS = {kind: Noun(kind.value.replace("_", " ").replace("json", "JSON"), kind) for kind in Kind}

# By the words that aliases and searches have for their types (Civis protocol notes 6.1).
TYPES = {
    "sql_script": Noun("SQL script", Kind.JOB, ("sql",)),
    "python_script": Noun("Python script", Kind.JOB, ("python3",)),
    "r_script": Noun("R script", Kind.JOB, ("r",)),
    "javascript_script": Noun("JavaScript script", Kind.JOB, ("javascript",)),
    "container_script": Noun("container script", Kind.JOB, ("containers",)),
    "custom_script": Noun("custom script", Kind.JOB, ("custom",)),
    "udf": Noun("udf", Kind.JOB, ("udf",)),
    "template_script": NOUNS[Kind.TEMPLATE],
    "project": NOUNS[Kind.PROJECT],
    "file": NOUNS[Kind.FILE],
    "credential": NOUNS[Kind.CREDENTIAL],
    "remote_host": NOUNS[Kind.DATABASE],
    "storage_host": NOUNS[Kind.STORAGE_HOST],
    "json_value": NOUNS[Kind.JSON_VALUE],
}
# What people search for; other kinds are found where they are used.
SEARCHED = tuple(kind for kind in Kind if any(noun.kind is kind for noun in TYPES.values()))
