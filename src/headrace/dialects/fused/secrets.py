"""Secrets on this protocol's wire (Fused protocol notes 2.9). Values travel to their owner alone."""

from typing import Any

from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.services import secrets
from headrace.services.call import Call


class Value(Struct):
    """The value of a secret."""

    value: str


class Names(Struct):
    """The names of secrets."""

    secrets: list[str]


def list_names(call: Call, client_id: str) -> dict[str, None]:
    """The names of the secrets for the caller's environment; the values are null."""
    return dict.fromkeys(secrets.list_names(call, "environment"))


def get(call: Call, client_id: str, key: str) -> str:
    """The value of a secret for the caller's environment."""
    return secrets.get(call, "environment", key)


def put(call: Call, client_id: str, key: str, body: Value) -> str:
    """Keep a secret for the caller's environment; its name."""
    secrets.put(call, "environment", key, body.value)
    return key


def delete(call: Call, client_id: str, key: str) -> str:
    """Forget a secret of the caller's environment; its name."""
    secrets.delete(call, "environment", key)
    return key


def list_own_names(call: Call) -> Names:
    """The names of the caller's own secrets."""
    return Names(secrets.list_names(call, "user"))


def get_own(call: Call, key: str) -> Value:
    """The value of a secret of the caller's own."""
    return Value(secrets.get(call, "user", key))


def put_own(call: Call, key: str, body: Value) -> str:
    """Keep a secret of the caller's own; its name. Published clients read these and write none."""
    secrets.put(call, "user", key, body.value)
    return key


def delete_own(call: Call, key: str) -> str:
    """Forget a secret of the caller's own; its name."""
    secrets.delete(call, "user", key)
    return key


def operations() -> list[Operation]:
    """The routes of secrets."""
    one, own = "/realtime/{client_id}/api/v1/secrets/{key}", "/secrets/self/user/{key}"
    routes: list[tuple[str, str, Any, str]] = [
        ("GET", "/realtime/{client_id}/api/v1/secrets", list_names, "list_secrets"),
        ("GET", one, get, "get_secret"),
        ("PUT", one, put, "put_secret"),
        ("DELETE", one, delete, "delete_secret"),
        ("GET", "/secrets/self/user", list_own_names, "list_user_secrets"),
        ("GET", own, get_own, "get_user_secret"),
        ("PUT", own, put_own, "put_user_secret"),
        ("DELETE", own, delete_own, "delete_user_secret"),
    ]
    return [
        describe(method, path, function, status=200, name=name, tags=("secrets",))
        for method, path, function, name in routes
    ]
