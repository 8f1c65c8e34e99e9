"""From what a person has - a marked function, source text, a file - to the udf object that is sent.

The code is read here, on the machine of the person whose code it is; a server never reads it.
"""

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from headrace.errors import Invalid
from headrace.model import duration
from headrace.model.job import ENVIRONMENT
from headrace.model.udf import Udf, udf

Source = Udf[..., Any] | str | Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

MARK = "headrace.udf"  # what workers know, however the function's own module calls it


def object_of(source: Source, name: str | None = None) -> dict[str, Any]:
    """The udf object of a marked function, of source text, or of a file, whose name it then has. Raises Invalid."""
    if isinstance(source, Udf):
        code, entrypoint, own = code_of(source), source.entrypoint, source.name
        more: dict[str, Any] = {"parameters": source.parameters}
        if source.cache_max_age is not None:
            more["cache_max_age"] = duration.seconds(source.cache_max_age)
        if source.environment is not None:
            more["metadata"] = {ENVIRONMENT: source.environment}
    else:
        file = None if is_source(source) else Path(source)
        code = str(source) if file is None else _text(file)
        entrypoint, own, more = entrypoint_of(code), file.stem if file else "udf", {"parameters": {}}
    fixed = {"type": "geopandas_v2", "name": name or own, "code": code, "entrypoint": entrypoint}
    return {**fixed, "headers": [], "metadata": {}, **more}


def is_source(source: str | Path) -> bool:
    """Whether this is the code itself rather than the name of a file: it has more than one line."""
    return isinstance(source, str) and "\n" in source


def entrypoint_of(code: str) -> str:
    """The first function that is marked as a udf, else one called `udf`. Raises Invalid with what is missing."""
    functions = [node for node in _parsed(code).body if isinstance(node, Function)]
    for function in functions:
        if any(ast.unparse(_callee(decorator)).split(".")[-1] == "udf" for decorator in function.decorator_list):
            return function.name
    if any(function.name == "udf" for function in functions):
        return "udf"
    raise Invalid("The code has no function marked with @headrace.udf (or @fused.udf), and none called `udf`.")


def code_of(marked: Udf[..., Any]) -> str:
    """The source of a marked function as a worker runs it, line for line, with the mark under the name known there.

    Options whose values are not literals are left out, since their names are not known there; those that matter
    travel beside the code.
    """
    try:
        code = marked.code
    except OSError as gone:
        raise Invalid(f"The source of {marked.name} is not to be found; put the function into a file.") from gone
    function = _parsed(code).body[0]
    assert isinstance(function, Function)
    known: dict[str, Any] = inspect.unwrap(marked.function).__globals__
    for decorator in function.decorator_list:
        callee = _callee(decorator)
        if _value(callee, known) is udf or ast.unparse(callee).split(".")[-1] == "udf":
            return _replace(code, decorator if not _is_literal(decorator) else callee)
    return code


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """A parameter as JSON has it: frames and geometries as text that a udf's annotations read. Raises Invalid."""
    try:
        return msgspec.to_builtins(value, enc_hook=_foreign, str_keys=True)
    except TypeError as wrong:
        raise Invalid(f"A {type(value).__name__} cannot be sent as a parameter; send its values.") from wrong


def text(value: object) -> str:
    """A parameter as a URL has it."""
    value = plain(value)
    return value if isinstance(value, str) else json.dumps(value)


def _foreign(value: Any) -> Any:  # noqa: ANN401
    if hasattr(value, "wkt"):
        return value.wkt
    if hasattr(value, "to_crs"):
        return (value if value.crs is None else value.to_crs(4326)).to_json()
    if hasattr(value, "to_json"):
        return value.to_json(orient="records", date_format="iso")
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as wrong:
        raise Invalid(f"{file} cannot be read: {getattr(wrong, 'strerror', None) or 'it is not text'}.") from wrong


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError) as wrong:
        where = f" in line {wrong.lineno}" if isinstance(wrong, SyntaxError) else ""
        raise Invalid(f"The code is not Python{where}: {wrong.args[0]}.") from wrong


def _callee(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _value(callee: ast.expr, known: dict[str, Any]) -> Any:  # noqa: ANN401
    """What a dotted name means in a module, or None."""
    first, *rest = ast.unparse(callee).split(".")
    value = known.get(first)
    for name in rest:
        value = getattr(value, name, None)
    return value


def _is_literal(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call):
        return True
    try:
        for value in (*decorator.args, *(keyword.value for keyword in decorator.keywords)):
            ast.literal_eval(value)
    except ValueError:
        return False
    return True


def _replace(code: str, node: ast.expr) -> str:
    """The code with MARK in the place of an expression, and every line where it was."""
    lines = code.splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = lines[first].encode()[: node.col_offset].decode()
    after = lines[last].encode()[node.end_col_offset :].decode()
    return "".join([*lines[:first], before, MARK, after, "\n" * (last - first), *lines[last + 1 :]])
