"""One's own environments on a server: packages with their versions, under a name that udfs say where they run."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headrace.client.result import Failed

Record = dict[str, Any]
Records = list[Record]
POLL = 0.3  # seconds between looks at a build
PATH = "/api/environments"


class Environments:
    """What `Client.environments` is."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def create(self, name: str, requirements: Sequence[str], python: str | None = None) -> Record:
        """Make an environment; the server builds it in the background. `python` is a version such as 3.12."""
        return self._ask("POST", PATH, json={"name": name, "requirements": list(requirements), "python": python})

    def list(self) -> Records:
        """One's own environments, by name."""
        return self._ask("GET", PATH, params={"limit": 1000})

    def get(self, name: str) -> Record:
        """One environment with all that lies in it. Raises Failed where there is none of that name."""
        for one in self.list():
            if one["name"] == name:
                return self._ask("GET", f"{PATH}/{one['id']}")
        raise Failed(f"You have no environment called {name!r}; `headrace env list` shows yours.", 404)

    def rebuild(self, name: str, requirements: Sequence[str] | None = None, python: str | None = None) -> Record:
        """Build an environment anew, from other lines where they are given; the old one serves until it is ready."""
        asked = {"requirements": list(requirements) if requirements else None, "python": python}
        return self._ask("PUT", f"{PATH}/{self.get(name)['id']}", json=asked)

    def remove(self, name: str) -> None:
        """Forget an environment; udfs that name it can no longer be called."""
        self._ask("DELETE", f"{PATH}/{self.get(name)['id']}")

    def logs(self, name: str) -> Records:
        """What was said during the last build, so far: `message` of each line."""
        return self._ask("GET", f"{PATH}/{self.get(name)['id']}/logs")

    def follow(self, name: str) -> Iterator[str]:
        """The lines of the build under way as they come, until it ends. Raises Failed with the reason it failed for."""
        number, shown = self.get(name)["id"], 0
        while True:
            now = self._ask("GET", f"{PATH}/{number}")
            lines = [line["message"] for line in self._ask("GET", f"{PATH}/{number}/logs")]
            yield from lines[shown:]
            shown = max(shown, len(lines))
            if now["state"] == "failed":
                raise Failed(f"The environment {name} could not be built.\n{now['error']}", 422)
            if now["state"] == "ready":
                return
            time.sleep(POLL)
