"""Udfs that are kept on the server, or come as text or by an address, as objects (Fused protocol notes 2.5, 5.6)."""

import inspect
import json
import re
import sys
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

from headrace.errors import Invalid
from headrace.model.udf import Udf
from headrace.runtime.fused import _server, context

TOKEN = re.compile(r"[0-9a-f]{64}|(?:UDF_|fsh_|fc_)[\w-]+")
ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
DEFINED = re.compile(r"^@(?:\w+\.)*udf\b.*?^(?:async\s+)?def\s+(\w+)", re.MULTILINE | re.DOTALL)
NAMED_UDF = re.compile(r"^(?:async\s+)?def\s+(udf)\b", re.MULTILINE)
FIRST = re.compile(r"^(?:async\s+)?def\s+(\w+)", re.MULTILINE)


class Loaded:
    """A udf that was loaded. Calling it has the server run it.

    Other attributes are names in its code, which is then executed in this process: `udf.helper(1)`. `udf.function` is
    its function, to be called here.
    """

    def __init__(self, body: dict[str, Any], address: Any = None, **known: Any) -> None:  # noqa: ANN401
        self.code: str = body["code"]
        self.entrypoint: str = body.get("entrypoint") or entrypoint_of(self.code)
        self.name: str | None = body.get("name") or self.entrypoint
        self.headers: list[dict[str, Any]] = list(body.get("headers") or [])
        self.parameters: dict[str, Any] = dict(body.get("parameters") or {})
        self.metadata: dict[str, Any] | None = body.get("metadata")
        self.cache_max_age: int | None = body.get("cache_max_age")
        self._address, self._as_it_came = address, self.code
        self.id: str | None = known.get("id")
        self.slug: str | None = known.get("slug")
        self.collection_name: str | None = known.get("collection_name")

    def __call__(self, **arguments: Any) -> Any:  # noqa: ANN401 - of the udf, and what it gives
        from headrace.runtime.fused._run import run

        return run(self, **arguments)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a name in its code
        if name.startswith("__"):
            raise AttributeError(name)
        if any(header.get("module_name") == name for header in self.headers):
            return self._modules[name]
        try:
            return self._namespace[name]
        except KeyError:
            raise AttributeError(f"The code of the udf {self.name} has no name {name!r}.") from None

    def __repr__(self) -> str:
        return f"<udf {self.name}>"

    @property
    def address(self) -> Any:  # noqa: ANN401
        """A token, or owner and name: what it is run by, with the rights that this gives. None once it was changed."""
        return self._address if self.code == self._as_it_came else None

    @property
    def function(self) -> Callable[..., Any]:
        """The function, to be called in this process."""
        found = self._namespace[self.entrypoint]
        return getattr(found, "function", found)

    @cached_property
    def _modules(self) -> dict[str, ModuleType]:
        made: dict[str, ModuleType] = {}
        before = {name: sys.modules.get(name) for name in (header["module_name"] for header in self.headers)}
        try:
            for header in self.headers:
                module = ModuleType(header["module_name"])
                module.__dict__["fused"] = sys.modules["fused"]
                made[module.__name__] = sys.modules[module.__name__] = module
                file = f"<{module.__name__} of udf {self.name}>"
                exec(compile(header["source_code"], file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - asked for
        finally:
            _put_back(before)
        return made

    @cached_property
    def _namespace(self) -> dict[str, Any]:
        given = {"fused": sys.modules["fused"], "headrace": sys.modules["headrace"]}
        namespace: dict[str, Any] = {"__name__": f"udf_{self.name}", **given}
        modules = self._modules
        before = {name: sys.modules.get(name) for name in modules}
        sys.modules.update(modules)
        try:
            exec(compile(self.code, f"<udf {self.name}>", "exec", dont_inherit=True), namespace)  # noqa: S102 - asked for
        finally:
            _put_back(before)
        return namespace


def load(udf: str, *, collection_name: str | None = None, **_of_other_generations: Any) -> Loaded:  # noqa: ANN401
    """A udf by its name, "email/name", "team/name", token, id, the address of a repository's folder, or its source.

    Raises NotFound and Forbidden with the server's sentence.
    """
    if "\n" in udf:
        return Loaded({"code": udf})
    collection = _server.segment(collection_name or "default")
    if udf.startswith(("https://", "http://")):
        return _loaded(_server.get("GET", "/code-proxy/by-url", query={"url": udf}))
    if TOKEN.fullmatch(udf):
        return _loaded(_server.get("GET", f"/udf/shared/by-token/{udf}"), address=udf)
    if ID.fullmatch(udf):
        return _saved(_server.get("GET", f"/udf/by-id/{udf}"))
    owner, _, slug = udf.rpartition("/")
    beneath = f"by-collection/{collection}/by-slug/{_server.segment(slug)}"
    if owner == "team":
        return _saved(_server.get("GET", f"/udf/exec-env/self/{beneath}"))
    if owner == "public":
        return _saved(_server.get("GET", f"/udf/public/{beneath}"))
    kind = "by-user-email" if not owner or "@" in owner else "by-user-handle"
    return _saved(_server.get("GET", f"/udf/{kind}/{_server.segment(owner or context.get_user_email())}/{beneath}"))


async def load_async(udf: str, **options: Any) -> Loaded:  # noqa: ANN401
    """What `load` gives; the event loop runs on meanwhile."""
    return await _server.line().later(load, udf, **options)


def source_of(udf: Any, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a udf of whatever kind
    """The udf object of the wire (protocol notes 3.1). Raises Invalid for what is no udf."""
    if isinstance(udf, Loaded):
        body = {"name": udf.name, "code": udf.code, "entrypoint": udf.entrypoint, "headers": udf.headers}
        body |= {"cache_max_age": udf.cache_max_age, "parameters": {**udf.parameters, **arguments}}
        return body
    function = udf.function if isinstance(udf, Udf) else udf
    if not inspect.isfunction(function):
        raise Invalid(f"A {type(udf).__name__} is no udf; give a function, a udf, its name or its token.")
    own = udf.parameters if isinstance(udf, Udf) else {}
    code, headers = _code_of(function)
    return {
        "name": udf.name if isinstance(udf, Udf) else function.__name__,
        "code": code,
        "entrypoint": function.__name__,
        "headers": headers,
        "parameters": {**own, **arguments},
    }


def entrypoint_of(code: str) -> str:
    """The name of the function that a source marks as a udf, else `udf` or its first. Raises Invalid."""
    found = DEFINED.search(code) or NAMED_UDF.search(code) or FIRST.search(code)
    if found is None:
        raise Invalid("The text is no name and no address, and it defines no function that could be a udf.")
    return found[1]


def _code_of(function: Callable[..., Any]) -> tuple[str, list[dict[str, Any]]]:
    """The source a function needs, and the modules that come along: all of the module that it stands in."""
    running = context.running
    if running is None:
        return Udf(function, {}).code, []
    headers = [
        {"module_name": one.name, "source_code": one.source, "source_file": one.source_file}
        for one in running.task.modules
    ]
    whole = running.sources.get(function.__code__.co_filename)
    if whole is not None and function.__qualname__ == function.__name__:
        return whole, headers
    running.show_source()
    return Udf(function, {}).code, headers


def _saved(found: dict[str, Any]) -> Loaded:
    owner = found.get("user_email")
    return _loaded(found, address=(owner, found["slug"]) if owner else None)


def _loaded(found: dict[str, Any], address: Any = None) -> Loaded:  # noqa: ANN401
    known = {name: found.get(name) for name in ("id", "slug", "collection_name")}
    return Loaded(json.loads(found["udf_body"]), address, **known)


def _put_back(before: dict[str, ModuleType | None]) -> None:
    for name, module in before.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
