"""Large results: sent while they are written, kept without being copied, never taken for whole when they are not."""

import hashlib
from pathlib import Path

import httpx
import pytest

from calling import Gate
from conftest import wait_until

MB = 1 << 20
YIELDS = """
@fused.udf(cache_max_age={age})
def udf(pieces: int = 3, pause: float = 0, fails: bool = False):
    import time
    print("before")
    for n in range(pieces):
        yield f"piece {{n}}\\n"
        time.sleep(pause)
    if fails:
        raise ValueError("no more")
"""
WAITS = """
@fused.udf(cache_max_age=0)
def udf():
    print("before")
    yield "piece 0\\n"
    knock()
    yield "piece 1\\n"
    yield "piece 2\\n"
"""
LARGE = """
@fused.udf(cache_max_age={age})
def udf(mb: int = 20):
    import numpy as np, pandas as pd
    rows = mb * 65536
    return pd.DataFrame({{"a": np.arange(rows), "b": np.arange(rows) * 0.5}})
"""


@pytest.fixture
def shared(web):
    """The address of a udf of some code under a token."""
    return lambda code, **given: f"/server/v1/realtime-shared/{web.share(code.format(**given))}/run"


def run_of(web, answer: httpx.Response) -> dict:
    """The run behind an answer, once it is recorded."""
    address = f"/api/runs/{answer.headers['headrace-run-id']}"
    wait_until(lambda: web.get(address).status_code == 200)
    return web.get(address).json()


def test_the_first_piece_is_there_while_the_function_still_runs(web, shared):
    one = Gate(web)
    with web.stream("GET", shared(one.code + WAITS)) as answer:
        pieces = answer.iter_text()
        assert next(pieces) == "piece 0\n"
        one.knocked()
        one.open()
        assert "".join(pieces) == "piece 1\npiece 2\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert '"stdout":"before\\n"' in answer.headers["x-fused-metadata"]
    run = run_of(web, answer)
    assert (run["state"], run["size"]) == ("succeeded", 24)


@pytest.mark.parametrize("age", [0, 60])
def test_a_result_that_breaks_off_is_not_taken_for_whole(web, shared, age):
    address = shared(YIELDS, age=age)
    with web.stream("GET", address, params={"fails": True}) as answer, pytest.raises(httpx.RemoteProtocolError):
        answer.read()
    run = run_of(web, answer)
    assert (run["state"], run["errorClass"]) == ("failed", "ValueError")
    with web.stream("GET", address, params={"fails": True}) as again, pytest.raises(httpx.RemoteProtocolError):
        again.read()
    assert again.headers["headrace-cache"] != "hit"


def test_a_client_that_leaves_ends_the_work(web, shared, server):
    with web.stream("GET", shared(YIELDS, age=60), params={"pieces": 50, "pause": 0.2}) as answer:
        next(answer.iter_text())
    run = run_of(web, answer)
    assert run["state"] == "cancelled"


def test_a_large_result_is_the_same_streamed_kept_in_parts_and_from_the_store(web, shared):
    address = shared(LARGE, age=3600)
    with web.stream("GET", address, params={"format": "csv", "mb": 20}) as answer:
        assert "content-length" not in answer.headers
        streamed = answer.read()
    assert answer.headers["headrace-cache"] == "miss"
    wait_until(lambda: web.head(address, params={"format": "csv", "mb": 20}).headers["headrace-cache"] == "hit")
    kept = web.get(address, params={"format": "csv", "mb": 20}, headers={"accept-encoding": "identity"})
    assert kept.headers["headrace-cache"] == "hit"
    assert int(kept.headers["content-length"]) == len(kept.content) == len(streamed)
    assert hashlib.sha256(kept.content).digest() == hashlib.sha256(streamed).digest()
    coded = web.get(address, params={"format": "csv", "mb": 20}, headers={"accept-encoding": "gzip"})
    assert (coded.headers["content-encoding"], coded.content == streamed) == ("gzip", True)
    middle = {"range": "bytes=5000000-5999999", "accept-encoding": "identity"}
    part = web.get(address, params={"format": "csv", "mb": 20}, headers=middle)
    assert (part.status_code, part.content) == (206, streamed[5_000_000:6_000_000])
    known = {"if-none-match": kept.headers["etag"]}
    assert web.get(address, params={"format": "csv", "mb": 20}, headers=known).status_code == 304


def test_a_range_of_a_result_that_is_not_there_yet_waits_for_the_whole(web, shared):
    asked = {"params": {"format": "csv", "mb": 4}, "headers": {"range": "bytes=-10"}}
    answer = web.get(shared(LARGE, age=0), **asked)
    assert (answer.status_code, len(answer.content)) == (206, 10)


def test_the_server_does_not_grow_with_what_it_sends(web, shared, server):
    address = shared(LARGE, age=3600)
    fields = Path(f"/proc/{server.process.pid}/status")

    def private() -> int:
        line = next(line for line in fields.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) >> 10

    asked = {"format": "csv", "mb": 100}
    web.get(address, params={"format": "csv", "mb": 1})
    before = private()
    for _ in range(3):
        with web.stream("GET", address, params=asked, headers={"accept-encoding": "identity"}) as answer:
            size = sum(len(piece) for piece in answer.iter_raw(MB))
        assert answer.status_code == 200
    assert size > 80 * MB
    assert private() - before < 60
