"""Calling udfs over HTTP, as tests say it."""

import json
import textwrap

import httpx

RUN = "/server/v1/realtime/local/api/v1/run/udf"


def call(
    client: httpx.Client, code: str, *, format: str = "json", path: str = "", entrypoint: str = "udf", **parameters
):
    """Call a udf by its code; the response."""
    udf = {"type": "geopandas_v2", "code": textwrap.dedent(code), "entrypoint": entrypoint, "parameters": parameters}
    body = {"step_config": json.dumps({"type": "udf", "udf": udf}), "format": format}
    return client.post(RUN + path, json=body)


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
