"""Registered functions: kept as the pickle that a client made, under a name in a namespace, and called by that name."""

from collections.abc import Sequence
from typing import Any

from headrace.db import registered as rows
from headrace.errors import Invalid, TooLarge
from headrace.model.environment import DEFAULT
from headrace.model.function import Function, Type, parse
from headrace.model.object import NOUNS, Kind
from headrace.services import registered
from headrace.services.call import Call
from headrace.services.registered import Register

LARGEST_CODE = 32 << 20  # bytes of a pickle
LARGEST_TEXT = 1 << 20  # characters of each text that people read
FUNCTIONS = Register(
    NOUNS[Kind.FUNCTION],
    Function,
    "function",
    ("name", "namespace", "type", "language", "version", "environment", "tags"),
)


def register(
    call: Call,
    namespace: str,
    name: str,
    code: bytes,
    version: str,
    *,
    type: Type = Type.GENERIC,
    language: str = "python",
    environment: str = DEFAULT,
    **given: Any,  # noqa: ANN401 - further columns
) -> Function:
    """Keep a function under a name in a namespace in which the caller may act.

    Raises NotFound, Invalid, TooLarge, and Conflict where the namespace has one of that name.
    """
    _check(code, given)
    values = {"type": type.value, "language": language, "version": version, "environment": environment, **given}
    return registered.register(call, FUNCTIONS, namespace, name, {"code": code, **values})


def update(call: Call, namespace: str, name: str, new_name: str | None = None, **given: Any) -> Function:  # noqa: ANN401
    """Change columns that are given of a function that the caller may write; None is no change.

    Raises NotFound, Forbidden, Invalid, TooLarge, and Conflict where the namespace has one of the new name.
    """
    _check(given.get("code"), given)
    return registered.update(call, FUNCTIONS, namespace, name, {"name": new_name, **given})


def called(call: Call, address: str) -> tuple[Function, bytes]:
    """The function of an address that the caller may call, and its code. Raises NotFound, Invalid."""
    namespace, name = parse(address, call.user.username)
    with call.platform.db.read() as connection:
        function = registered.find(connection, call, FUNCTIONS, namespace, name)
        return function, rows.code_of(connection, function.id)


def _check(code: bytes | None, given: dict[str, Any]) -> None:
    if code is not None and not code:
        raise Invalid("Send the function, pickled, as `exec`.")
    if code is not None and len(code) > LARGEST_CODE:
        raise TooLarge(f"The pickle of a function has at most {LARGEST_CODE >> 20} MB.")
    texts: Sequence[Any] = [given.get(name) for name in ("source", "readme", "license_text")]
    if any(text is not None and len(text) > LARGEST_TEXT for text in texts):
        raise TooLarge(f"The texts that people read of a function have at most {LARGEST_TEXT >> 20} MB each.")
