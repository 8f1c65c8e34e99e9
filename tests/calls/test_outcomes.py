"""How a call may end: each way is another sentence, and the server goes on."""

import threading
import time
import uuid

import httpx
import pytest

from calling import RUN, Gate, asked, body, call, detail, value
from conftest import serving, wait_until


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os\ndef udf(): os._exit(3)", "ended itself with exit status 3"),
        ("import ctypes\ndef udf(): ctypes.string_at(0)", "crashed (SIGSEGV)"),
        ("import os\ndef udf(): os.abort()", "crashed (SIG"),
        ("def udf(): return bytearray(3 << 30)", "used more than 1,500 MB of memory"),
        (
            "def udf():\n    held = []\n    while True: held.append(b'x' * (64 << 20))",
            "used more than 1,500 MB of memory",
        ),
        ("def udf(): return b'x' * (1 << 30)", "larger than 200 MB"),
        ("def udf(): raise KeyError('nobody')", "KeyError: 'nobody'"),
        ("import sys\ndef udf(): sys.exit(2)", "SystemExit: 2"),
        ("def udf(): return udf()", "RecursionError"),
        ("def udf(:\n    pass", "SyntaxError"),
        ("x = 1", "name 'udf' is not defined as a function"),
        ("def other(): pass", "there are other"),
        ("import not_there\ndef udf(): pass", "ModuleNotFoundError: No module named 'not_there'"),
        ("def udf():\n    import not_there", "No module named 'not_there'"),
        ("def udf(): return object()", "builtins.object, which cannot be written as json"),
        ("def udf(): return lambda: 1", "cannot be written as json"),
        (
            "class E(Exception):\n    def __str__(self): raise ValueError\ndef udf(): raise E",
            "its text could not be read",
        ),
    ],
    ids=range(17),
)
def test_each_failure_has_its_own_sentence(http, code, sentence):
    answer = call(http, code)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert sentence in detail(answer), detail(answer)
    assert value(http, "def udf(): return 'fine'") == "fine"


def test_the_memory_of_child_processes_counts_as_well(http):
    answer = call(
        http,
        """
        import os, signal
        def udf():
            for _ in range(3):
                if os.fork() == 0:
                    held = b"x" * (700 << 20)
                    signal.pause()
            endings = [os.waitstatus_to_exitcode(os.wait()[1])]
            return endings
        """,
    )
    assert answer.json() == [-9] if answer.status_code == 200 else "of memory" in detail(answer)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A server that gives a call one second."""
    with serving(tmp_path_factory.mktemp("hasty") / "home", call_seconds=1, workers=2) as server:
        yield server


@pytest.mark.parametrize(
    "code",
    [
        "def udf():\n    while True: pass",
        "import time\ndef udf(): time.sleep(60)",
        "def udf(): return sum(range(10**11))",
    ],
    ids=["loop", "sleep", "in C"],
)
def test_a_call_that_takes_too_long_is_stopped(hasty, code):
    with hasty.client() as client:
        began = time.monotonic()
        answer = call(client, code)
        assert time.monotonic() - began < 20
        assert "stopped after 1 s, the limit of this server (HEADRACE_CALL_SECONDS)" in detail(answer)
        assert '"error_type":"timeout_error"' in answer.headers["x-fused-metadata"]


def test_what_a_call_had_printed_is_told_though_it_was_stopped(hasty):
    with hasty.client() as client:
        answer = call(client, "import time\ndef udf():\n    print('begun')\n    time.sleep(60)")
        address = f"/api/runs/{answer.headers['headrace-run-id']}"
        wait_until(lambda: client.get(address).status_code == 200)
        assert client.get(address).json()["stdout"] == "begun\n"


def test_calls_past_the_queue_are_sent_away_with_a_time_to_come_back(tmp_path):
    """Of an owner who has two calls at once and two in the queue."""
    answers: list[httpx.Response] = []
    limits = {"call_seconds": 60, "call_concurrency": 2, "call_queue": 2, "workers": 2}
    with serving(tmp_path / "home", **limits) as server, server.client() as http:
        one = Gate(http)

        def ask(n: int) -> None:
            with server.client() as client:
                answers.append(call(client, f"{one.code}\ndef udf(n):\n    knock()\n    return n", n=n))

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) == 4)
        assert {answer.status_code for answer in answers} == {429}
        one.open()
        for thread in threads:
            thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 429, 429, 429, 429]
    sent_away = next(answer for answer in answers if answer.status_code == 429)
    assert sent_away.headers["retry-after"] == "1"
    assert "HEADRACE_CALL_QUEUE" in detail(sent_away)


def test_the_failing_line_and_what_was_printed_come_back(http):
    answer = call(http, "def helper(x):\n    return 1 / x\n\ndef udf():\n    print('before')\n    return helper(0)\n")
    told = answer.headers["x-fused-metadata"]
    assert '"lineno":2' in told
    assert '"stdout":"before\\n"' in told
    assert "ZeroDivisionError" in told
    assert "headrace" not in told.replace("headrace_", "")


def test_a_line_in_an_extra_module_is_told_by_its_name(http):
    import json

    udf = {
        "code": "import shapes\ndef udf(): return shapes.area(0)",
        "entrypoint": "udf",
        "headers": [{"module_name": "shapes", "source_code": "def area(x):\n    return 1 / x\n"}],
    }
    body = {"step_config": json.dumps({"type": "udf", "udf": udf}), "format": "json"}
    answer = http.post("/server/v1/realtime/local/api/v1/run/udf", json=body)
    assert "<shapes of udf" in answer.headers["x-fused-metadata"]
    gone = call(http, "import shapes\ndef udf(): return 1")
    assert "No module named 'shapes'" in detail(gone)


def test_a_flood_of_output_neither_blocks_nor_grows(http):
    answer = call(
        http,
        "import os\ndef udf():\n    for _ in range(2000): print('x' * 100_000)\n"
        "    os.system('yes | head -c 50000000')\n    return 1",
    )
    assert answer.status_code == 200
    assert len(answer.headers["x-fused-metadata"]) < 8000
    wait_until(lambda: http.get(f"/api/runs/{answer.headers['headrace-run-id']}").status_code == 200)
    logs = http.get(f"/api/runs/{answer.headers['headrace-run-id']}/logs")
    assert logs.status_code == 200
    assert len(logs.content) < 600_000
    assert "bytes left out" in logs.text


def test_a_client_that_goes_away_ends_its_call(http):
    uid = str(uuid.uuid4())
    one = Gate(http)
    with asked(http, "POST", RUN, body(f"{one.code}\ndef udf():\n    knock()\n"), **{"Fused-Run-Id": uid}):
        one.knocked()
    wait_until(lambda: http.get(f"/api/runs/{uid}").status_code == 200)  # while the code would still wait
    assert http.get(f"/api/runs/{uid}").json()["state"] == "cancelled"
