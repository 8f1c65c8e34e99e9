"""What ran on a server."""

from typing import TYPE_CHECKING, Any

from headrace.client.resource import Joined

if TYPE_CHECKING:
    from headrace.client.resources import RunsMethods

    class Declared(Joined, RunsMethods):
        """What the server declares."""
else:
    Declared = Joined

Records = list[dict[str, Any]]


class Runs(Declared):
    """What `Client.runs` is."""

    _of = "runs"

    def __call__(self, *, limit: int = 20, **filters: Any) -> Records:  # noqa: ANN401
        """The latest runs, the newest first; filters as `GET /api/runs` takes them: state, udf, door, cache, parent."""
        return self._client.ask("GET", f"{self._client.url}/api/runs", params={"limit": limit, **filters})
