"""Parameters of scripts, and the code with arguments put in (Civis protocol notes 6.9).

In SQL and JavaScript, `{{name}}` is an argument as it is, `{{name.literal}}` quoted as a value of SQL,
`{{name.identifier}}` as a name of SQL, `{{name.shell_escaped}}` as a word of a shell. Of a credential there are
`{{name.id}}`, `{{name.username}}` and so on: nobody reads those here.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from headrace.errors import Invalid

TYPES = (
    "string", "multi_line_string", "integer", "float", "bool", "file", "table", "database",
    "credential_aws", "credential_redshift", "credential_custom",
)  # fmt: skip
SECRET = {
    "credential_aws": ("id", "access_key_id", "secret_access_key"),
    "credential_redshift": ("id", "username", "password"),
    "credential_custom": ("id", "username", "password"),
    "database": ("id", "username", "password"),
}
NAME = re.compile(r"[^\s{}.=\x00-\x1f\x7f]{1,200}")
PLACE = re.compile(r"\{\{\s*([^\s{}]{1,260})\s*\}\}")
TRUE = frozenset({"true", "t", "y", "yes", "1"})
FALSE = frozenset({"false", "f", "n", "no", "0"})
MOST = 500  # parameters of one script

Value = str | int | float | bool | None


class Param(Struct, frozen=True, kw_only=True):
    """A value that a script wants to be given."""

    name: str
    label: str | None = None
    description: str | None = None
    type: str
    required: bool = False
    value: Value = None  # fixed: no argument goes before it
    default: Value = None  # where no argument is given
    allowed_values: list[Any] = []


def check(params: Sequence[Param]) -> None:
    """Raise Invalid for parameters that no script can have, saying which and why."""
    if len(params) > MOST:
        raise Invalid(f"A script has at most {MOST} parameters.")
    seen: set[str] = set()
    for param in params:
        if not NAME.fullmatch(param.name):
            raise Invalid(f"The name of a parameter has no spaces, dots, braces or `=`; {param.name[:60]!r} has.")
        if param.name in seen:
            raise Invalid(f"Two parameters are called `{param.name}`.")
        seen.add(param.name)
        if param.default is None or param.default == "":
            continue
        if param.required:
            raise Invalid(f"The parameter `{param.name}` is required, so its default is never used; leave out one.")
        if param.type.startswith("credential_"):
            raise Invalid(f"The parameter `{param.name}` is a credential, which has no default.")
        _check_default(param)


def _check_default(param: Param) -> None:
    text = str(param.default).strip().lower()
    if param.type == "bool" and text not in TRUE | FALSE:
        raise Invalid(f"The default of `{param.name}` wants true, t, y, yes, 1, false, f, n, no or 0.")
    for type_, read in (("integer", int), ("float", float)):
        if param.type == type_:
            try:
                read(text)
            except ValueError as wrong:
                raise Invalid(f"The default of `{param.name}` is no {type_}.") from wrong


def expand(params: Sequence[Param], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What can be put into the code, by what stands between the braces. Secrets are told of, and not shown."""
    found: dict[str, Any] = {}
    for param in params:
        value = _value(param, arguments)
        if param.type in SECRET:
            for part in SECRET[param.type]:
                shown = value.get("database") if param.type == "database" and isinstance(value, dict) else None
                secret = f"[redacted {param.name} {part}]" if value not in (None, "") else None
                found[f"{param.name}.{part}"] = shown if part == "id" and shown is not None else secret
            continue
        found[param.name] = value
        if param.type in {"string", "multi_line_string"}:
            text = _text(value)
            found[f"{param.name}.literal"] = None if text is None else literal(text)
            found[f"{param.name}.identifier"] = None if text is None else identifier(text)
            found[f"{param.name}.shell_escaped"] = None if text is None else shlex.quote(text)
    return found


def fill(code: str, expanded: Mapping[str, Any]) -> str:
    """The code with what stands between braces put in; what is not known, or has no value yet, stays as it is."""

    def put(found: re.Match[str]) -> str:
        text = _text(expanded.get(found[1]))
        return found[0] if text is None else text

    return PLACE.sub(put, code)


def literal(text: str) -> str:
    """Text as a value of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """Text as a name of SQL."""
    return '"' + text.replace('"', '""') + '"'


def _value(param: Param, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    given = (param.value, arguments.get(param.name), param.default)
    value = next((one for one in given if one is not None), None)
    if param.type == "bool":
        word = str(value).strip().lower()
        return word in TRUE if word in TRUE | FALSE else (value if param.required or value is not None else False)
    if value is None and not param.required and param.type in {"string", "multi_line_string"}:
        return ""
    return value


def _text(value: Any) -> str | None:  # noqa: ANN401
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            return None
