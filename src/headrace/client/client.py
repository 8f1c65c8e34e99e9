"""A client of a server: its resources, SQL, and its udfs - save, run, share, and see what ran."""

import json
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from headrace.client import profile, queries, specification
from headrace.client.arrays import Arrays
from headrace.client.caller import SENT_AGAIN, Caller, ReturnType
from headrace.client.environments import Environments
from headrace.client.files import Files
from headrace.client.lookups import Lookups
from headrace.client.resource import make
from headrace.client.result import Failed, Result, SharedUdf, checked, read, unanswered
from headrace.client.runs import Runs
from headrace.client.source import Source, is_source, object_of, plain, text
from headrace.client.specification import BASE, Local, Specification
from headrace.client.tasks import Tasks
from headrace.errors import Invalid
from headrace.model.statement import Dialect

Record = dict[str, Any]
Records = list[Record]  # named here, since the client's own `list` hides the type below it

REALTIME = "/realtime/local/api/v1/run/udf"
TOKENS = ("fsh_", "fc_")


class Client(Lookups, Tasks):
    """Speaks to one server: `client.users.list()` is the operation `GET /users` of its resource API, and so on.

    The methods of the resources are made of the server's own document when the first of them is asked for;
    `client.specification` is that document.

    Parameters
    ----------
    url : str, optional
        The server. Without it HEADRACE_URL, or what `headrace login headrace` wrote, or this machine.
    api_key : str, optional
        The key. Without it HEADRACE_API_KEY, or what `headrace login headrace` wrote.
    return_type : {'snake', 'raw', 'pandas'}, optional
        What methods of resources give: responses that are read in snake_case, `httpx.Response` as it came, or a
        DataFrame for a list and a Series for an object.
    retries : int, optional
        How often a method of a resource is sent again where the server is busy or away, at most.
    local_api_spec : dict or path, optional
        A document to make the methods of, instead of the server's.
    resources : 'all', 'base' or names, optional
        Which resources there are; 'base' is those of the protocol's first version.
    timeout : float, optional
        Seconds after which a request is given up.

    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        return_type: ReturnType = "snake",
        retries: int = SENT_AGAIN,
        local_api_spec: Local | None = None,
        resources: str | Iterable[str] = "all",
        *,
        timeout: float = 130,
    ) -> None:
        known = profile.load(url, api_key)
        self.url = known.url
        headers = {"Authorization": f"Bearer {known.api_key}"} if known.api_key else {}
        try:
            self._http = httpx.Client(base_url=f"{known.url}/server/v1", headers=headers, timeout=timeout)
        except (httpx.InvalidURL, UnicodeEncodeError) as wrong:
            raise Failed(f"The server's address or the key cannot be used: {wrong}.", 0) from wrong
        self.caller = Caller(self.send, f"{known.url}/api", return_type, retries)
        self._reader = Caller(self.send, f"{known.url}/api", "snake", retries)
        self._api_key, self._local, self._specification = known.api_key, local_api_spec, None
        if isinstance(resources, str) and resources not in {"all", "base"}:
            raise Invalid(f'`resources` is "all", "base" or a list of names, and not {resources!r}.')
        self._shown = None if resources == "all" else BASE if resources == "base" else frozenset(resources)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    @property
    def specification(self) -> Specification:
        """The document of the server's operations. Raises Failed, Invalid."""
        if self._specification is None:
            self._specification = specification.of(self.send, self.url, self._api_key, self._local)
        return self._specification

    @property
    def last_response(self) -> Any:  # noqa: ANN401 - as the return type says
        """What a method of a resource gave last."""
        return self.caller.last

    def resource(self, name: str) -> Any:  # noqa: ANN401 - a class made at run time
        """The resource of that name: `client.resource("users")` is `client.users`."""
        try:
            if self._shown is not None and name not in self._shown:
                raise KeyError(name)
            return make(self.specification, name)(self)
        except KeyError:
            names = [one for one in self.specification.resources if self._shown is None or one in self._shown]
            raise AttributeError(f"The client has no resource {name!r}; there are {', '.join(names)}.") from None

    @property
    def arrays(self) -> Arrays:
        """The arrays that you may see."""
        return Arrays(self)

    @property
    def environments(self) -> Environments:
        """One's own environments: packages with their versions, which udfs run in."""
        return Environments(self)

    @property
    def files(self) -> Files:
        """The files of the key's owner."""
        return Files(self, self._http)

    @property
    def runs(self) -> Runs:
        """What ran: `client.runs(limit=20)` gives the latest, and the resource's methods the rest."""
        return Runs(self)

    def whoami(self) -> Record:
        """The account of the key."""
        return self._json("GET", "/user/self")

    def save(self, udf: Source, name: str | None = None, *, public: bool | None = None) -> Record:
        """Keep a udf, or a new version of it: a function marked with `@headrace.udf`, source text, or a file.

        `public` lets every user of the server read and list it; None leaves that as it is, at first closed.
        """
        return self._keep(object_of(udf, name), public=public)

    def save_sql(
        self,
        name: str,
        query: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        dialect: Dialect = "duckdb",
        cache_max_age: str | int | None = None,
        public: bool | None = None,
    ) -> Record:
        """Keep a query under a name, or a new version of it: from then on it is an API, as a udf is.

        `parameters` says of each `:name` in it what it is: a type (str, int, float, bool, datetime.date, list ...), a
        `Literal` or an Enum to choose from, or a value, which is then its default. `client.run(name, n=3)` calls it,
        `client.share(name)` makes a token. It reads what its owner may read, whoever calls it, and writes nothing.

        Raises Failed and Invalid with what is wrong with it.
        """
        return self._keep(queries.object_of(name, query, parameters or {}, dialect, cache_max_age), public=public)

    def _keep(self, body: Record, *, public: bool | None) -> Record:
        slug = body["name"]
        known = self._find(slug)
        path = f"/udf/by-id/{known['id']}" if known else "/udf/new"
        asked = {"slug": slug, "udf_body": json.dumps(body), "allow_public_read": public, "allow_public_list": public}
        return self._json("POST", path, json=asked)

    def load(self, name: str) -> Record:
        """A kept udf of one's own, or of somebody else's who lets it be read: `email/name`."""
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
        udf: Source,
        /,
        *,
        format: str = "json",
        cache_max_age: str | int | None = None,
        tile: tuple[int, int, int] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **more: Any,  # noqa: ANN401 - whatever the udf takes
    ) -> Result:
        """Call a udf: by the name it is kept under, by a token, or as a marked function or a file that is sent along.

        A text is a name, or `email/name`, unless it has several lines (source), ends in `.py` (a file) or starts as
        tokens do. `tile` is (z, x, y). Parameters come as keywords, or in a mapping where their names are ours too.
        Raises Failed with the sentence of the server, and the line where user code failed.
        """
        values = {**(parameters or {}), **more}
        place = "" if tile is None else f"/tiles/{tile[0]}/{tile[1]}/{tile[2]}"
        if isinstance(udf, str) and not is_source(udf) and not udf.endswith(".py"):
            return self._run_kept(udf, place, format, cache_max_age, values)
        body = object_of(udf)
        body["parameters"] = plain({**body["parameters"], **values})
        asked = {"step_config": {"type": "udf", "udf": body}, "format": format, "cache_max_age": cache_max_age}
        return read(self.send("POST", REALTIME + place, json=asked))

    def _run_kept(
        self, name: str, place: str, format: str, cache_max_age: str | int | None, values: Mapping[str, Any]
    ) -> Result:
        query = {key: text(value) for key, value in values.items() if value is not None} | {"format": format}
        if cache_max_age is not None:
            query["cache_max_age"] = str(cache_max_age)
        if name.startswith(TOKENS):
            return read(self.send("GET", f"/realtime-shared/{quote(name, safe='')}/run{place}", params=query))
        owner, slug = self._names(name)
        try:
            return read(self.send("GET", f"{REALTIME}/saved/{owner}/{slug}{place}", params=query))
        except Failed as failed:
            if failed.status == 404:
                hint = "`headrace udf list` shows yours, and `.py` at the end names a file"
                raise Failed(f"There is no udf called {name!r} that you may call; {hint}.", 404) from None
            raise

    def share(self, name: str, *, cache: bool = True, metadata: Record | None = None) -> SharedUdf:
        """Make a token for a kept udf: whoever has it may call the udf, and nothing else.

        `metadata` is what maps are told of its tiles (TileJSON): bounds, minzoom, maxzoom, center, attribution, fields.
        """
        asked = {"udf_id": self.load(name)["id"], "cache": cache, "client_id": None, "metadata_json": metadata}
        token = self._json("POST", "/udf-access-token/new", json=asked)["token"]
        return SharedUdf(token, f"{self.url}/server/v1/realtime-shared/{token}/run")

    def run_of(self, run_id: str) -> Record:
        """One run, with what it printed."""
        return self._json("GET", f"{self.url}/api/runs/{quote(run_id, safe='')}")

    def ask(self, method: str, address: str, **options: Any) -> Any:  # noqa: ANN401 - any JSON value
        """What any other route of the server answers, as JSON; None for 204. Options as httpx takes them."""
        answer = checked(self.send(method, address, **options))
        return answer.json() if answer.content else None

    def send(self, method: str, address: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        """What the server answers, whatever its status. Raises Failed where it does not answer."""
        try:
            return self._http.request(method, address, **options)
        except httpx.TransportError as away:
            raise unanswered(self.url, away) from away

    def _find(self, name: str) -> Record | None:
        owner, slug = self._names(name)
        answer = self.send("GET", f"/udf/by-user-email/{owner}/by-slug/{slug}")
        return None if answer.status_code == 404 else checked(answer).json()

    def _names(self, name: str) -> tuple[str, str]:
        """Owner and name as segments of a path; the owner is who asks where none is given."""
        owner, _, slug = name.rpartition("/")
        return quote(owner or self.whoami()["email"], safe=""), quote(slug, safe="")

    def _json(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401
        return checked(self.send(method, path, **options)).json()
