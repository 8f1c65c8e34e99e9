"""kill -9 of a worker, of the zygote, of the server: the next call works, and what was answered is there."""

import threading

import httpx
import pytest

from calling import call, detail, save, share, shared, value, workers_busy
from conftest import serving, wait_until
from processes import alive, kill, workers, zygotes


@pytest.fixture
def mortal(tmp_path):
    """A server of this test alone."""
    with serving(tmp_path / "home", workers=2) as server:
        yield server


def test_a_killed_worker_costs_its_call_alone(mortal):
    with mortal.client() as client:
        answers: list[httpx.Response] = []
        calling = threading.Thread(
            target=lambda: answers.append(call(client, "import time\ndef udf(): time.sleep(30)"))
        )
        calling.start()
        wait_until(lambda: workers_busy(mortal) == 1)
        kill(workers(mortal.process.pid))
        calling.join()
        assert "was killed (SIGKILL)" in detail(answers[0])
        assert value(client, "def udf(): return 'next'") == "next"


def test_a_killed_zygote_is_replaced(mortal):
    with mortal.client() as client:
        assert value(client, "def udf(): return 1") == 1
        answers: list[httpx.Response] = []
        calling = threading.Thread(
            target=lambda: answers.append(call(client, "import time\ndef udf(): time.sleep(30)"))
        )
        calling.start()
        wait_until(lambda: workers_busy(mortal) == 1)
        kill(zygotes(mortal.process.pid))
        calling.join()
        assert "was killed" in detail(answers[0])
        assert [value(client, "def udf(n): return n", n=n) for n in range(3)] == [0, 1, 2]


def test_many_calls_that_wait_while_the_zygote_dies_are_answered_by_the_next(mortal):
    with mortal.client() as client:
        assert value(client, "def udf(): return 1") == 1
    warm = workers(mortal.process.pid)
    kill(zygotes(mortal.process.pid))
    wait_until(lambda: not any(map(alive, warm)))  # they end with it, and with them a call that one of them has begun
    answers: list[int] = []

    def ask(n: int) -> None:
        with mortal.client() as own:
            answers.append(value(own, "def udf(n): return n", n=n))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(8))


def test_what_a_killed_server_had_answered_is_there_again(mortal):
    saved: dict[str, str] = {}
    tokens: dict[str, str] = {}

    def work(lane: int) -> None:
        with mortal.client() as client:
            for n in range(10_000):
                slug = f"lane{lane}-{n}"
                try:
                    udf = save(client, slug, f"def udf(): return ['{slug}'] * 5000")
                    saved[slug] = udf["id"]
                    token = share(client, udf["id"])
                    tokens[slug] = token
                    client.get(shared(token), params={"format": "json"})
                except (httpx.TransportError, AssertionError):
                    return

    lanes = [threading.Thread(target=work, args=(lane,)) for lane in range(3)]
    for lane in lanes:
        lane.start()
    wait_until(lambda: len(tokens) >= 25)
    mortal.process.kill()
    mortal.process.wait()
    for lane in lanes:
        lane.join()
    mortal.process.stdout.close()
    mortal.start()
    with mortal.client() as client:
        assert {udf["slug"] for udf in client.get("/server/v1/udf/self", params={"limit": 1000}).json()} >= set(saved)
        for slug, udf_id in saved.items():
            udf = client.get(f"/server/v1/udf/by-id/{udf_id}").json()
            assert udf["slug"] == slug
            assert f"['{slug}'] * 5000" in udf["udf_body"]
        for slug, token in tokens.items():
            assert client.get(shared(token), params={"format": "json"}).json() == [slug] * 5000


def test_a_stored_result_that_was_cut_short_is_computed_again(mortal):
    with mortal.client() as client:
        udf = save(client, "long", "import time\ndef udf(): return [time.time_ns()] * 5000")
        token = share(client, udf["id"])
        first = client.get(shared(token), params={"format": "json"})
        wait_until(lambda: list((mortal.home / "store").rglob("results/*/*")))
        mortal.stop()
        mortal.process.stdout.close()
        [file] = [path for path in (mortal.home / "store").rglob("results/*/*") if path.is_file()]
        file.write_bytes(file.read_bytes()[:-100])
        mortal.start()
    with mortal.client() as client:
        again = client.get(shared(token), params={"format": "json"})
        assert again.headers["headrace-cache"] == "miss"
        assert again.json() != first.json()
        assert len(again.json()) == 5000


def test_sigterm_lets_a_call_finish(mortal):
    with mortal.client() as client:
        answers: list[httpx.Response] = []
        calling = threading.Thread(
            target=lambda: answers.append(
                call(client, "import time\ndef udf():\n    time.sleep(1.5)\n    return 'finished'")
            )
        )
        calling.start()
        wait_until(lambda: workers_busy(mortal) == 1)
        assert mortal.stop() == 0
        calling.join()
        assert answers[0].json() == "finished"
