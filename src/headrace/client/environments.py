"""One's own environments on a server: packages with their versions, under a name that udfs say where they run."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headrace.client.resource import Joined
from headrace.client.result import Failed

if TYPE_CHECKING:
    from headrace.client.resources import EnvironmentsMethods

    class Declared(Joined, EnvironmentsMethods):
        """What the server declares."""
else:
    Declared = Joined

Record = dict[str, Any]
Records = list[Record]
POLL = 0.3  # seconds between looks at a build
PATH = "/api/environments"


class Environments(Declared):
    """What `Client.environments` is."""

    _of = "environments"

    def create(self, name: str, requirements: Sequence[str], python: str | None = None) -> Record:
        """Make an environment; the server builds it in the background. `python` is a version such as 3.12."""
        return self._ask("POST", json={"name": name, "requirements": list(requirements), "python": python})

    def get(self, id: int | str) -> Any:  # noqa: ANN401 - as the client's return type says
        """One environment with all that lies in it, by its id or its name. Raises Failed where there is none."""
        return self.__getattr__("get")(id if isinstance(id, int) else self._find(id)["id"])

    def rebuild(self, name: str, requirements: Sequence[str] | None = None, python: str | None = None) -> Record:
        """Build an environment anew, from other lines where they are given; the old one serves until it is ready."""
        asked = {"requirements": list(requirements) if requirements else None, "python": python}
        return self._ask("PUT", f"/{self._find(name)['id']}", json=asked)

    def remove(self, name: str) -> None:
        """Forget an environment; udfs that name it can no longer be called."""
        self._ask("DELETE", f"/{self._find(name)['id']}")

    def logs(self, name: str) -> Records:
        """What was said during the last build, so far: `message` of each line."""
        return self._ask("GET", f"/{self._find(name)['id']}/logs")

    def follow(self, name: str) -> Iterator[str]:
        """The lines of the build under way as they come, until it ends. Raises Failed with the reason it failed for."""
        number, shown = self._find(name)["id"], 0
        while True:
            now = self._ask("GET", f"/{number}")
            lines = [line["message"] for line in self._ask("GET", f"/{number}/logs")]
            yield from lines[shown:]
            shown = max(shown, len(lines))
            if now["state"] == "failed":
                raise Failed(f"The environment {name} could not be built.\n{now['error']}", 422)
            if now["state"] == "ready":
                return
            time.sleep(POLL)

    def _find(self, name: str) -> Record:
        for one in self._ask("GET", params={"limit": 1000}):
            if one["name"] == name:
                return one
        raise Failed(f"You have no environment called {name!r}; `headrace env list` shows yours.", 404)

    def _ask(self, method: str, path: str = "", **options: Any) -> Any:  # noqa: ANN401 - any JSON value
        return self._client.ask(method, self._client.url + PATH + path, **options)
