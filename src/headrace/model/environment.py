"""Environments: a name for packages with their versions, and what state their build is in."""

import re
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from headrace.errors import Invalid

DEFAULT = "default"  # the interpreter that serves, which everybody has
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")
MOST = 200  # requirement lines
LONGEST = 300  # characters of one


class State(StrEnum):
    """How the last build that was asked for is going."""

    PENDING = "pending"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class Environment(Struct, frozen=True, kw_only=True):
    """An environment. Where `digest` is set, calls use that folder, whatever the state of a later build."""

    id: int
    owner_id: int
    name: str
    requirements: list[str]
    python: str | None = None
    state: State
    build: int
    digest: str | None = None
    pins: list[str] = []
    size: int = 0
    error: str | None = None
    log: str = ""
    created_at: datetime
    updated_at: datetime
    built_at: datetime | None = None


def check_name(name: str) -> str:
    """The name, if it may be one. Raises Invalid."""
    if not NAME.fullmatch(name) or name == DEFAULT:
        raise Invalid(
            f"An environment cannot be called {name[:80]!r}: its name has 1 to 64 small letters, digits, dots, dashes "
            f"and underscores, starts with a letter or digit, and is not {DEFAULT!r}."
        )
    return name


def check_python(version: str) -> str:
    """The version, if it reads as one. Raises Invalid."""
    if not PYTHON.fullmatch(version):
        raise Invalid(f"{version[:40]!r} is no version of Python; write it as 3.12.")
    return version


def check_requirements(lines: list[str]) -> list[str]:
    """Requirement lines as they are kept. Raises Invalid, naming the line that is wrong.

    A package comes by its name from the index that the server's installer is set up for: no addresses, files or
    options, since these would be fetched by the server (PEP 508 without direct references).
    """
    from packaging.requirements import InvalidRequirement, Requirement

    kept: list[str] = []
    for line in lines:
        text = line.strip()
        if len(text) > LONGEST:
            raise Invalid(f"A requirement has at most {LONGEST} characters; {text[:60]!r}... has {len(text)}.")
        try:
            requirement = Requirement(text)
        except InvalidRequirement as wrong:
            reason = str(wrong).partition("\n")[0]
            raise Invalid(f"{text!r} is no requirement ({reason}); write it as name==1.2.3.") from wrong
        if requirement.url:
            raise Invalid(f"{text!r} names an address; packages come by name from the server's package index.")
        kept.append(str(requirement))
    if not kept:
        raise Invalid("An environment has at least one package; write each as name==1.2.3.")
    if len(kept) > MOST:
        raise Invalid(f"An environment is written with at most {MOST} lines; these are {len(kept)}.")
    return kept


def names_of(requirements: list[str]) -> set[str]:
    """The packages that requirement lines name, in their canonical spelling."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    return {canonicalize_name(Requirement(line).name) for line in requirements}
