"""A client of the udfs of a server: save, run, share, and see what ran."""

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx
from msgspec import Struct

from headrace.client import profile
from headrace.errors import HeadraceError
from headrace.model.udf import Udf

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]
Records = list[Record]  # named here, since the client's own `list` hides the type below it


class Failed(HeadraceError):
    """The server's answer was an error, or there was none; the text is its sentence. `status` is 0 without one."""

    def __init__(self, message: str, status: int, lineno: int | None = None, stderr: str = "") -> None:
        self.status, self.lineno, self.stderr = status, lineno, stderr  # type: ignore[misc]
        super().__init__(message)


class Result(Struct, frozen=True):
    """What a call gave: bytes in a format, what was printed, and how it went."""

    body: bytes
    media_type: str
    run_id: str
    cache: str
    timing: str
    stdout: str = ""
    stderr: str = ""

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The value, where the format is JSON."""
        return json.loads(self.body)

    def arrow(self) -> "pa.Table":
        """The table, where the format is Parquet, an Arrow stream or an Arrow file. Needs pyarrow."""
        import io

        import pyarrow as pa
        from pyarrow import parquet

        if self.body[:4] == b"PAR1":
            return parquet.read_table(io.BytesIO(self.body))
        reader = pa.ipc.open_file if self.body[:6] == b"ARROW1" else pa.ipc.open_stream
        return reader(self.body).read_all()


class SharedUdf(Struct, frozen=True):
    """A token, and the addresses that it opens."""

    token: str
    url: str

    @property
    def tiles(self) -> str:
        """The address of its map tiles, with {z}, {x} and {y} to fill in."""
        return f"{self.url}/tiles/{{z}}/{{x}}/{{y}}"


class Client:
    """Speaks to one server. See `client/profile.py` for where url and key come from where they are not given."""

    def __init__(self, url: str | None = None, api_key: str | None = None, *, timeout: float = 130) -> None:
        known = profile.load(url, api_key)
        self.url = known.url
        headers = {"Authorization": f"Bearer {known.api_key}"} if known.api_key else {}
        self._http = httpx.Client(base_url=f"{known.url}/server/v1", headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def whoami(self) -> dict[str, Any]:
        """The account of the key."""
        return self._json("GET", "/user/self")

    def save(self, udf: Udf[..., Any] | str | Path, name: str | None = None, *, public: bool = False) -> dict[str, Any]:
        """Keep a udf, or a new version of it: a function marked with `@headrace.udf`, source text, or a file."""
        body = object_of(udf, name)
        slug = body["name"]
        known = self._find(slug)
        path = f"/udf/by-id/{known['id']}" if known else "/udf/new"
        asked = {"slug": slug, "udf_body": json.dumps(body), "allow_public_read": public, "allow_public_list": public}
        return self._json("POST", path, json=asked)

    def load(self, name: str) -> dict[str, Any]:
        """A kept udf of one's own."""
        if (found := self._find(name)) is None:
            raise Failed(f"You have no udf called {name!r}; `headrace udf push FILE` keeps one.", 404)
        return found

    def list(self) -> Records:
        """One's own udfs, the most recently changed first."""
        found: Records = []
        while page := self._json("GET", "/udf/self", params={"skip": len(found), "limit": 300}):
            found += page
        return found

    def delete(self, name: str) -> None:
        """Remove a udf with its versions and tokens."""
        self._json("DELETE", f"/udf/by-id/{self.load(name)['id']}")

    def run(
        self,
        udf: Udf[..., Any] | str | Path,
        /,
        *,
        format: str = "json",
        cache_max_age: str | int | None = None,
        tile: tuple[int, int, int] | None = None,
        **parameters: Any,  # noqa: ANN401 - whatever the udf takes
    ) -> Result:
        """Call a udf: by the name it is kept under, by a token, or as a marked function or a file that is sent along.

        `tile` is (z, x, y). Raises Failed with the sentence of the server, and the line where user code failed.
        """
        place = "" if tile is None else "/tiles/{}/{}/{}".format(*tile)
        query: dict[str, Any] = {"format": format}
        if cache_max_age is not None:
            query["cache_max_age"] = cache_max_age
        values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        if isinstance(udf, str) and udf.startswith(("fsh_", "fc_")):
            answer = self._send("GET", f"/realtime-shared/{udf}/run{place}", params=query | values)
        elif isinstance(udf, str) and "\n" not in udf and not udf.endswith(".py"):
            owner = self.whoami()["email"]
            path = f"/realtime/local/api/v1/run/udf/saved/{owner}/{udf}{place}"
            answer = self._send("GET", path, params=query | values)
        else:
            body = object_of(udf, None)
            body["parameters"] = {**body["parameters"], **parameters}
            asked = {"step_config": {"type": "udf", "udf": body}, "format": format, "cache_max_age": cache_max_age}
            answer = self._send("POST", f"/realtime/local/api/v1/run/udf{place}", json=asked)
        return _result(answer)

    def share(self, name: str, *, cache: bool = True) -> SharedUdf:
        """Make a token for a kept udf: whoever has it may call the udf, and nothing else."""
        asked = {"udf_id": self.load(name)["id"], "cache": cache, "client_id": None}
        token = self._json("POST", "/udf-access-token/new", json=asked)["token"]
        return SharedUdf(token, f"{self.url}/server/v1/realtime-shared/{token}/run")

    def runs(self, *, limit: int = 20, **filters: Any) -> Records:  # noqa: ANN401
        """The latest runs, the newest first; filters as `GET /api/runs` takes them: state, udf, door, cache."""
        return self._json("GET", f"{self.url}/api/runs", params={"limit": limit, **filters})

    def run_of(self, run_id: str) -> Record:
        """One run, with what it printed."""
        return self._json("GET", f"{self.url}/api/runs/{run_id}")

    def _find(self, name: str) -> dict[str, Any] | None:
        owner = self.whoami()["email"]
        answer = self._send("GET", f"/udf/by-user-email/{owner}/by-slug/{quote(name, safe='')}")
        return None if answer.status_code == 404 else _checked(answer).json()

    def _json(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401
        return _checked(self._send(method, path, **options)).json()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._http.request(method, path, **options)
        except httpx.TransportError as away:
            hint = "`headrace up` starts a server, `headrace login headrace` says which one is meant"
            raise Failed(f"{self.url} does not answer ({away}); {hint}.", 0) from away


def object_of(udf: Udf[..., Any] | str | Path, name: str | None) -> dict[str, Any]:
    """The udf object that is sent: of a marked function, of source text, or of a file, whose name it then has."""
    if isinstance(udf, Udf):
        code, entrypoint, own, parameters = udf.code, udf.entrypoint, udf.name, udf.parameters
    else:
        file = Path(udf) if isinstance(udf, Path) or "\n" not in udf else None
        code = file.read_text() if file else str(udf)
        entrypoint, own, parameters = entrypoint_of(code), file.stem if file else "udf", {}
    return {
        "type": "geopandas_v2",
        "name": name or own,
        "code": code,
        "entrypoint": entrypoint,
        "headers": [],
        "parameters": dict(parameters),
        "metadata": {},
    }


def entrypoint_of(code: str) -> str:
    """The function that is decorated as a udf, else one called `udf`. Raises Failed with what is missing."""
    import ast

    functions = [n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        for decorator in function.decorator_list:
            named = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (isinstance(named, ast.Attribute) and named.attr == "udf") or (
                isinstance(named, ast.Name) and named.id == "udf"
            ):
                return function.name
    if any(function.name == "udf" for function in functions):
        return "udf"
    raise Failed("The file has no function marked with @headrace.udf (or @fused.udf), and none called `udf`.", 422)


def _result(answer: httpx.Response) -> Result:
    said = json.loads(answer.headers.get("x-fused-metadata") or "{}")
    if answer.is_error:
        raise Failed(_sentence(answer), answer.status_code, said.get("lineno"), said.get("stderr") or "")
    return Result(
        answer.content,
        answer.headers.get("content-type", ""),
        answer.headers.get("headrace-run-id", ""),
        answer.headers.get("headrace-cache", ""),
        answer.headers.get("server-timing", ""),
        said.get("stdout") or "",
        said.get("stderr") or "",
    )


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise Failed(_sentence(answer), answer.status_code)
    return answer


def _sentence(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return f"{answer.request.url} answered {answer.status_code} and no sentence."
    return str(said.get("detail") or said.get("errorDescription") or said)
