"""Who is calling and where calls go, as clients ask before their first call (Fused protocol notes 2.6)."""

import platform
import sys
from functools import cache
from importlib import metadata

from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.services.call import Call


class Person(Struct):
    """The user whose key it is."""

    id: str
    email: str
    handle: str
    name: str
    execution_environment_id: str


class Instance(Struct):
    """Where calls may go: there is one such place here."""

    client_id: str
    preference_rank: int = 1


class ExecutionEnvironment(Struct):
    """The environment that user code runs in."""

    id: str
    name: str


class Packages(Struct):
    """What user code can import, by the name it is imported under, and the version of each."""

    dependency_whitelist: dict[str, str]


class Health(Struct):
    """Up."""

    status: str


def get_user(call: Call) -> Person:
    """The user whose key it is."""
    user = call.user
    return Person(str(user.id), user.email, user.username, user.name, "default")


def list_instances(call: Call) -> list[Instance]:
    """Where calls may go."""
    _ = call.user
    return [Instance("local")]


def get_environment(call: Call) -> ExecutionEnvironment:
    """The environment that user code runs in."""
    _ = call.user
    return ExecutionEnvironment("default", "default")


def get_environment_token(call: Call) -> str:
    """The id that this server knows the caller's environment by; the right to act stays with the key."""
    return f"default-{call.user.id}"


def get_health(call: Call) -> Health:
    """Whether the server answers."""
    del call
    return Health("ok")


def get_packages(call: Call) -> Packages:
    """What user code can import, as clients of the first generation ask before they run code on their own machine."""
    _ = call.user
    return Packages(_packages())


@cache
def _packages() -> dict[str, str]:
    versions = {name: metadata.version(owners[0]) for name, owners in metadata.packages_distributions().items()}
    return dict.fromkeys(sorted(sys.stdlib_module_names), platform.python_version()) | versions


def operations() -> list[Operation]:
    """The routes of accounts and instances."""
    return [
        describe("GET", "/user/self", get_user, tags=("account",)),
        describe("GET", "/realtime-instance", list_instances, tags=("account",)),
        describe("GET", "/realtime-instance/available", list_instances, tags=("account",)),
        describe("GET", "/execution-env/self", get_environment, tags=("account",)),
        describe("GET", "/execution-env/token", get_environment_token, tags=("account",)),
        describe("GET", "/internal/dependency-whitelist", get_packages, tags=("account",)),
        describe("GET", "/health", get_health, public=True, tags=("account",)),
    ]
