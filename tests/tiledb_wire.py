"""The SQL tasks' protocol as its strictest client reads it, and people who use it.

`wire.json` has each operation with the statuses and the model of its good answers, the fields of each model with their
types, and the words of each enumeration, at API version 2.17.51. The client of seed page 004 refuses null and whatever
is not of the declared type; no published package holds that client, so every answer is checked here as it does.
"""

import base64
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import cloudpickle
import httpx

from headrace.runtime import interpreters
from published import Person

# What this client needs to be imported, and not the packages for life sciences that it names besides.
NEW = (
    "--no-deps",
    "tiledb-cloud==0.14.4",
    "tiledb==0.36.1",
    "pandas<3",
    "numpy<3",
    "pyarrow",
    "attrs",
    "certifi",
    "importlib-metadata<8.6",
    "zipp",
    "packaging",
    "python-dateutil",
    "pytz",
    "tzdata",
    "six",
    "tblib",
    "typing-extensions",
    "urllib3<2.6",
)
OLD = ("tiledb-cloud==0.8.2",)

WIRE = json.loads((Path(__file__).parent / "dialects" / "tiledb" / "wire.json").read_text())
OPERATIONS = {(verb, path): (statuses, model) for verb, path, statuses, model in WIRE["operations"]}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TASK_ID = "X-TILEDB-CLOUD-TASK-ID"
SIMPLE = {"str": str, "bool": bool, "int": int, "float": (int, float)}

_numbers = itertools.count(1)


def person(server, name: str = "person", **options) -> Person:
    """A user with a username that is no e-mail."""
    return Person(server, name, username=f"{name}{next(_numbers)}", **options)


def pickled(source: str) -> str:
    """A function as a client sends one of its own program."""
    namespace = {"__name__": "__main__"}
    exec(source, namespace)
    return encoded(cloudpickle.dumps(namespace["f"], protocol=4))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def send(http, person, source: str | None = None, *positional: object, **body: object):
    """What a function answers."""
    body = {"result_format": "json", "version": interpreters.OWN, **body}
    if source is not None:
        body["exec"] = pickled(source)
    if positional:
        body["arguments_json"] = [{"value": one} for one in positional]
    text = json.dumps(body)  # as Python writes it: NaN and Infinity too
    headers = {"Content-Type": "application/json"}
    return http.post(f"/v1/udfs/generic/{person.username}", content=text, headers=headers)


@contextmanager
def strict(server, key: str | None, **options) -> Iterator[httpx.Client]:
    """A client with that key, every answer to which is checked."""
    headers = {"X-TILEDB-REST-API-KEY": key} if key else {}
    hooks = {"response": [check]}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60, event_hooks=hooks, **options) as http:
        yield http


def check(answer: httpx.Response) -> None:
    """Fail where the answer is none that the protocol has for its request."""
    answer.read()
    verb, path = answer.request.method, answer.request.url.raw_path.decode().partition("?")[0]
    where = f"{verb} {path}: {answer.status_code} {answer.text[:500]}"
    if answer.status_code >= 400:
        said = json.loads(answer.content)
        assert said.keys() == {"code", "message", "request_id"}, where
        assert type(said["code"]) is int, where
        assert said["message"], where
        assert said["request_id"], where
        return
    if verb == "OPTIONS":
        return
    statuses, model = OPERATIONS[verb, template(verb, path)]
    assert str(answer.status_code) in statuses, where
    if answer.status_code == 204:
        assert answer.content == b"", where
    elif model not in (None, "file", "list[object]") and not path.endswith("/result"):
        check_value(json.loads(answer.content), model, where)


def template(verb: str, path: str) -> str:
    """The path of the operation that a request is of."""
    segments = [unquote(segment) for segment in path.split("/") if segment]
    found = [
        known
        for other, known in OPERATIONS
        if other == verb
        and len(parts := known.strip("/").split("/")) == len(segments)
        and all(part[0] == "{" or part == segment for part, segment in zip(parts, segments, strict=True))
    ]
    assert found, f"the protocol has no {verb} {path}"
    return min(found, key=lambda known: [part[0] == "{" for part in known.strip("/").split("/")])


def check_value(value, type_: str, where: str) -> None:
    """Fail where the value is not of the type, whole."""
    told = f"{where}\nwants {type_}: {value!r}"
    assert value is not None, told
    if type_ == "object":
        return
    if found := re.fullmatch(r"list\[(.*)\]", type_):
        assert isinstance(value, list), told
        for item in value:
            check_value(item, found[1], where)
    elif found := re.fullmatch(r"dict\(str, (.*)\)", type_):
        assert isinstance(value, dict), told
        for item in value.values():
            check_value(item, found[1], where)
    elif type_ == "datetime":
        assert isinstance(value, str), told
        assert MOMENT.fullmatch(value), told
    elif type_ in SIMPLE:
        assert isinstance(value, SIMPLE[type_]), told
        assert isinstance(value, bool) == (type_ == "bool"), told
    elif type_ in WIRE["enums"]:
        assert value in WIRE["enums"][type_], told
    else:
        fields = WIRE["models"][type_]
        assert isinstance(value, dict), told
        assert value.keys() <= fields.keys(), told
        for name, item in value.items():
            check_value(item, fields[name], where)
