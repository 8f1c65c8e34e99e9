"""What this wire calls the kinds of jobs, and under which path each is (Civis protocol notes 6.1)."""

from msgspec import Struct

from headrace.model.job import Kind


class JobType(Struct, frozen=True):
    """A kind of job: in views of its own, in views of jobs of all kinds, and its path."""

    word: str
    class_name: str
    path: str


TYPES = {
    Kind.SQL: JobType("SQL", "JobTypes::SqlRunner", "scripts/sql"),
    Kind.PYTHON3: JobType("Python", "JobTypes::PythonDocker", "scripts/python3"),
    Kind.R: JobType("R", "JobTypes::RDocker", "scripts/r"),
    Kind.JAVASCRIPT: JobType("JavaScript", "JobTypes::JavascriptRunner", "scripts/javascript"),
    Kind.CONTAINERS: JobType("Container", "JobTypes::ContainerDocker", "scripts/containers"),
    Kind.CUSTOM: JobType("Custom", "JobTypes::CustomScript", "scripts/custom"),
    Kind.UDF: JobType("Udf", "JobTypes::Udf", "udfs"),
}


NAMES = [name for kind, type_ in TYPES.items() for name in dict.fromkeys((kind.value, type_.word, type_.class_name))]


def type_of(kind: str) -> JobType:
    """The words for a kind of job."""
    return TYPES[Kind(kind)]


def kinds_of(words: str) -> list[str]:
    """The kinds of jobs that words with commas between name: by value, word or class name."""
    wanted = {word.strip().lower() for word in words.split(",")}
    return [kind for kind, type_ in TYPES.items() if wanted & set(_names(kind, type_))]


def kinds_like(text: str) -> list[str]:
    """The kinds of jobs whose name has this text in it."""
    return [kind for kind, type_ in TYPES.items() if any(text.lower() in name for name in _names(kind, type_))]


def _names(kind: Kind, type_: JobType) -> tuple[str, ...]:
    return kind.value, type_.word.lower(), type_.class_name.lower()
