"""Calling udfs over HTTP, as tests say it."""

import http.client
import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from conftest import wait_until

RUN = "/server/v1/realtime/local/api/v1/run/udf"
FILES = "/server/v1/files"


def call(
    client: httpx.Client, code: str, *, format: str = "json", path: str = "", entrypoint: str = "udf", **parameters
):
    """Call a udf by its code; the response."""
    return client.post(RUN + path, json=body(code, format=format, entrypoint=entrypoint, **parameters))


def body(code: str, *, format: str = "json", entrypoint: str = "udf", **parameters) -> dict[str, str]:
    """What is sent to call a udf by its code."""
    udf = {"type": "geopandas_v2", "code": textwrap.dedent(code), "entrypoint": entrypoint, "parameters": parameters}
    return {"step_config": json.dumps({"type": "udf", "udf": udf}), "format": format}


def value(client: httpx.Client, code: str, **parameters):
    """What a udf gives, as JSON. Fails with the server's sentence."""
    answer = call(client, code, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


def detail(answer: httpx.Response) -> str:
    """The sentence of an error."""
    return answer.json()["detail"]


def save(client: httpx.Client, slug: str, code: str, **more) -> dict:
    """Keep a udf."""
    body = json.dumps({"code": textwrap.dedent(code), "entrypoint": "udf", "name": slug})
    answer = client.post("/server/v1/udf/new", json={"slug": slug, "udf_body": body, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def share(client: httpx.Client, udf_id: str, **options) -> str:
    """A token for a udf; its text."""
    answer = client.post("/server/v1/udf-access-token/new", json={"udf_id": udf_id, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def shared(token: str, path: str = "/run") -> str:
    """The address that a token opens."""
    return f"/server/v1/realtime-shared/{token}{path}"


class Gate:
    """Where code in a call waits: a test knows that it runs, and says when it goes on, whatever else the machine does.

    `code` defines `knock()`, which comes back once the gate is open. Both sides meet on the disk that the calls of the
    client share, since code reaches no network of this machine.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._folder = client, f"/mount/gates/{uuid4()}"
        self.code = textwrap.dedent(f"""
            def knock():
                import os, time
                os.makedirs("{self._folder}", exist_ok=True)
                open("{self._folder}/knocked", "w").close()
                while not os.path.exists("{self._folder}/open"):
                    time.sleep(0.01)
        """)

    def knocked(self) -> None:
        """Wait until code waits at the gate."""
        wait_until(lambda: self._client.get(f"{FILES}/list", params={"path": f"file://{self._folder}"}).json())

    def open(self) -> None:
        """Let go whoever waits, and whoever comes, once somebody has."""
        path = f"file://{self._folder}/open"
        assert self._client.put(f"{FILES}/upload", params={"path": path}, content=b"").status_code == 200


def workers_busy(server) -> float:
    """How many workers have a call: a task may be under way before its code is in one."""
    text = httpx.get(f"{server.url}/metrics").text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("headrace_workers_busy ")))


@contextmanager
def asked(client: httpx.Client, method: str, path: str, body: dict | None = None, **headers: str) -> Iterator[None]:
    """A request that is under way for as long as the block lasts; then whoever asked goes away without the answer."""
    line = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=60)
    keys = {"authorization", "x-tiledb-rest-api-key"}
    given = {name: value for name, value in client.headers.items() if name in keys}
    given |= {"Content-Type": "application/json"} if body is not None else {}
    try:
        line.request(method, path, None if body is None else json.dumps(body), given | headers)
        yield
    finally:
        line.close()
