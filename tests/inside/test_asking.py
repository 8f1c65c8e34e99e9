"""What code in a worker must not get by asking. Each test is code that really asks, or writes what it likes."""

import threading

import pytest

from calling import RUN, call, detail, save, share, value
from conftest import serving, wait_until

ASK = """
import fused
from headrace.runtime.fused import _server

def ask(method, path, headers=None, body="", **query):
    body = body.encode() if isinstance(body, str) else body
    came = _server.ask(method, path, query=query, headers=headers, body=body)
    return [came.status, bytes(came.body).decode("utf-8", "replace")]
"""


def asked(http, method: str, path: str, **more) -> tuple[int, str]:
    """What the server answers to code that asks this."""
    code = f"{ASK}\ndef udf(method, at, more: dict):\n    return ask(method, at, **more)\n"
    status, text = value(http, code, method=method, at=path, more=more)
    return status, text


@pytest.fixture(scope="module")
def author(server):
    """Another user, with a public udf that asks whatever it is told, and a private one."""
    with server.client() as admin:
        user = admin.post("/api/users", json={"name": "Author", "email": "author@example.org"}).json()
        key = admin.post(f"/api/users/{user['id']}/api_keys", json={"name": "tests", "expiresIn": 3600}).json()["token"]
    with server.client(key) as http:
        code = f"{ASK}\ndef udf(method, at, more: dict):\n    return ask(method, at, **more)\n"
        made = save(http, "asks", code)
        http.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
        save(http, "hidden", "def udf(): return 'of the author'")
        http.token = share(http, save(http, "shown", "def udf(n=1): return n")["id"])
        yield http


def foreign(http, method: str, path: str, **more) -> tuple[int, str]:
    """What the server answers to code of another author that runs in this client's environment."""
    body = {"parameters": {"method": method, "at": path, "more": more}}
    came = http.post(f"{RUN}/saved/author%40example.org/asks?format=json&cache_max_age=0", json=body)
    assert came.status_code == 200, came.text
    status, text = came.json()
    return status, text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/udf-access-token/new"),
        ("GET", "/udf-access-token/self"),
        ("GET", "/udf-access-token/by-token/fsh_x"),
        ("DELETE", "/udf-access-token/by-token/fsh_x"),
        ("DELETE", "/udf/by-id/{id}"),
        ("POST", "/udf/by-id/{id}"),
        ("POST", "/udf/new"),
        ("GET", "/execution-env/token"),
        ("POST", "/realtime/local/api/v1/run/udf/start"),
        ("DELETE", "/udf//by-id/{id}"),
        ("DELETE", "/udf/by%2Did/{id}"),
        ("DELETE", "/files/../udf/by-id/{id}"),
        ("DELETE", "/files/%2e%2e/udf/by-id/{id}"),
        ("GET", "/../../api/users"),
        ("GET", "/..%2f..%2fapi/users/me/api_keys"),
        ("GET", "//api/users/me"),
    ],
)
def test_what_no_rule_names_is_refused(http, method, path):
    udf = save(http, "kept-by-the-rules", "def udf(): return 1")
    try:
        status, text = asked(http, method, path.format(id=udf["id"]), body="{}")
        assert status in (403, 404), text
        assert http.get(f"/server/v1/udf/by-id/{udf['id']}").status_code == 200
    finally:
        http.delete(f"/server/v1/udf/by-id/{udf['id']}")


def test_no_header_of_the_code_says_who_asks(http, server, author):
    me = http.get("/server/v1/user/self").json()["email"]
    headers = {"Authorization": f"Bearer {author.headers['authorization'].split()[1]}", "fused-recursion": "1"}
    status, text = asked(http, "GET", "/user/self", headers=headers)
    assert status == 200
    assert f'"email":"{me}"' in text.replace(" ", "")
    code = f"{ASK}\ndef udf(): return ask('GET', '/user/self')\n"
    assert '"author@example.org"' in value(author, code)[1]


def test_the_depth_of_a_call_is_not_what_its_code_says(http):
    code = f"""{ASK}
import json
def udf(n: int = 0):
    code = "def udf(): return fused.context.get_recursion_factor()"
    step = {{"type": "udf", "udf": {{"code": code, "entrypoint": "udf"}}}}
    headers = {{"Fused-Recursion": "1", "content-type": "application/json"}}
    body = json.dumps({{"step_config": step, "format": "json"}}).encode()
    return ask("POST", "/realtime/local/api/v1/run/udf", headers=headers, body=body)
"""
    assert value(http, code) == [200, "2"]


def test_a_udf_that_calls_itself_is_told_how_deep_it_may(http):
    code = """
        @fused.udf
        def udf(n: int = 1):
            try:
                return udf(n + 1)
            except fused.types.UdfSelfRecursionError as error:
                return [n, str(error)]
    """
    depth, sentence = value(http, code)
    assert (depth, "may do so 5 deep here, and this call would be at 6" in sentence) == (5, True)


def test_the_depth_is_held_where_the_code_does_not_hold_itself_to_it(http):
    code = """
        @fused.udf
        def udf(n: int = 1):
            fused.context.current["recursion_factor"] = 1
            try:
                return udf(n + 1)
            except Exception as error:
                return [n, type(error).__name__, str(error)]
    """
    depth, kind, sentence = value(http, code)
    assert (depth, kind) == (5, "Invalid")
    assert "HEADRACE_CALL_DEPTH" in sentence


@pytest.mark.parametrize("path", ["/udf/self", "/files/list", "/secrets/self/user", "/collection/by-name/default"])
def test_code_of_another_author_asks_for_nothing_of_mine(http, author, path):
    status, text = foreign(http, "GET", path)
    assert (status, "that another author wrote may not ask" in text) == (403, True), text


def test_code_of_another_author_reads_no_udf_that_is_not_open(http, author):
    mine = save(http, "private-of-mine", "def udf(): return 'a secret'")
    email = http.get("/server/v1/user/self").json()["email"]
    try:
        for path in (
            f"/udf/by-id/{mine['id']}",
            f"/udf/by-user-email/{email}/by-slug/private-of-mine",
            f"/udf/by-user-email/{email}/by-collection/default/by-slug/private-of-mine",
            "/udf/exec-env/self/by-collection/default/by-slug/private-of-mine",
            "/udf/public/by-slug/private-of-mine",
            f"/realtime/local/api/v1/run/udf/saved/{email}/private-of-mine",
            "/realtime/local/api/v1/run/udf/saved/author@example.org/hidden",
        ):
            status, text = foreign(http, "GET", path)
            assert status == 404, (path, text)
            assert "a secret" not in text
        token = share(http, mine["id"])
        assert foreign(http, "GET", f"/udf/shared/by-token/{token}")[0] == 403
        assert foreign(http, "GET", f"/realtime-shared/{token}/run", format="json") == (200, '"a secret"')
    finally:
        http.delete(f"/server/v1/udf/by-id/{mine['id']}")


def test_code_of_another_author_runs_what_is_open_and_what_a_token_opens(http, author):
    assert foreign(http, "GET", f"/realtime-shared/{author.token}/run", n="7", format="json") == (200, '"7"')
    assert foreign(http, "GET", "/udf/by-user-email/author@example.org/by-slug/asks")[0] == 200


def test_code_that_such_code_sends_is_still_of_another_author(http, author):
    inner = f"{ASK}\ndef udf():\n    return ask('GET', '/udf/self')\n"
    outer = "def udf(inner): return fused.run(inner)\n"
    made = save(author, "sends", outer)
    author.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
    assert value(http, inner)[0] == 200
    came = http.post(
        f"{RUN}/saved/author%40example.org/sends?format=json&cache_max_age=0", json={"parameters": {"inner": inner}}
    )
    assert came.json()[0] == 403, came.text


def test_a_result_that_my_code_got_is_not_kept_for_code_of_another_author(http, author):
    inner = f"{ASK}\ndef udf():\n    return ask('GET', '/udf/self')\n"
    outer = "def udf(inner): return fused.run(inner, cache_max_age='1h')\n"
    made = save(author, "fishes", outer)
    author.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
    assert value(http, outer, inner=inner)[0] == 200
    came = http.post(
        f"{RUN}/saved/author%40example.org/fishes?format=json&cache_max_age=0", json={"parameters": {"inner": inner}}
    )
    assert came.json()[0] == 403, came.text


RAW = """
import os, socket
from headrace.runtime import wire
from headrace.runtime.fused import _server
channel = _server.line()._channel
"""


@pytest.mark.parametrize(
    "message",
    [
        "b'no message'",
        "b''.join([b'\\xc1'] * 3)",
        "wire.encode(wire.Ask(id=1, method='TRACE', path='/user/self'))",
        "wire.encode(wire.Ask(id=1, method='GET', path='user/self'))",
        "wire.encode(wire.Ask(id=1, method='GET', path='/' + 'a' * 5000))",
        "wire.encode(wire.Ask(id=1, method='GET', path='/user/self', query='a' * 600_000))",
        "wire.encode(wire.Ask(id=1, method='GET', path='/user/self', headers={'accept': 'a\\r\\nx: y'}))",
        "wire.encode(wire.Ask(id=1, method='GET', path='/user/self', headers={str(n): '' for n in range(40)}))",
        "wire.encode(wire.Ask(id=1, method='GET', path='/user/\\u00e4'))",
        "wire.encode(wire.Ask(id=2**70, method='GET', path='/user/self'))",
        "wire.encode(wire.Told(id=1))",
        "wire.encode({'type': 'Ask', 'id': 'one'})",
    ],
)
def test_whatever_is_written_to_the_line_the_server_lives(http, message):
    came = call(http, f"{RAW}\ndef udf():\n    wire.send(channel, {message})\n    import time; time.sleep(20)\n")
    assert came.status_code == 422
    assert "ProcessDied" in detail(came) or "OverflowError" in detail(came)
    assert value(http, "def udf(): return 1") == 1


@pytest.mark.parametrize(
    "file",
    [
        "os.memfd_create('unsealed')",
        "os.open('/dev/zero', os.O_RDONLY)",
        "os.pipe()[0]",
    ],
)
def test_a_body_in_a_file_that_may_change_ends_the_call(http, file):
    send = f"wire.send(channel, wire.encode(wire.Ask(id=1, method='POST', path='/udf/self', size=10)), [{file}])"
    came = call(http, f"{RAW}\ndef udf():\n    {send}\n    import time; time.sleep(20)\n")
    assert "ProcessDied" in detail(came)
    assert value(http, "def udf(): return 1") == 1


def test_too_many_requests_at_once_end_the_call(http):
    came = call(
        http,
        f"""{RAW}
def udf():
    import json
    udf = {{"code": "import time\\ndef udf(): time.sleep(5)", "entrypoint": "udf"}}
    step = json.dumps({{"step_config": {{"type": "udf", "udf": udf}}}}).encode()
    for number in range(100):
        ask = wire.Ask(id=number, method="POST", path="/realtime/local/api/v1/run/udf", body=step)
        channel.send(wire.encode(ask))
    import time; time.sleep(20)
""",
    )
    assert "ProcessDied" in detail(came)
    assert value(http, "def udf(): return 1") == 1


def test_a_body_over_the_limit_is_refused_in_a_sentence(http):
    code = f"""{ASK}
def udf():
    return ask("POST", "/realtime/local/api/v1/run/udf", body=bytes(17 << 20))
"""
    status, text = value(http, code)
    assert (status, "HEADRACE_BODY_MB" in text) == (413, True)


def test_answers_that_nobody_reads_are_not_kept_beyond_the_call(http):
    code = f"""{RAW}
def udf():
    for number in range(60):
        channel.send(wire.encode(wire.Ask(id=number, method="GET", path="/internal/dependency-whitelist")))
    return "did not wait"
"""
    assert [value(http, code) for _ in range(3)] == ["did not wait"] * 3
    assert value(http, "def udf(): return fused.context.get_user_email()").count("@") == 1


def test_a_process_that_a_call_forked_has_no_line(http):
    code = """
        import os
        def udf():
            reader, writer = os.pipe()
            if os.fork() == 0:
                try:
                    fused.run("def udf():\\n    return 1")
                except Exception as error:
                    os.write(writer, str(error).encode())
                os._exit(0)
            return os.read(reader, 1000).decode()
    """
    assert "by the process that answers a call" in value(http, code)


def test_a_thread_that_outlives_its_call_gets_no_answer_and_spoils_none(http):
    code = """
        import threading, time
        @fused.udf
        def slow():
            import time
            time.sleep(1)
            return 1
        @fused.udf
        def udf():
            threading.Thread(target=slow).start()
            time.sleep(0.2)
            return "left"
    """
    for _ in range(3):
        assert value(http, code) == "left"
        assert value(http, "def udf(): return 'next'") == "next"


def test_a_parent_that_ends_takes_its_children_along(tmp_path):
    code = """
        @fused.udf
        def child():
            import time
            time.sleep(60)
        @fused.udf
        def udf():
            child()
    """
    with serving(tmp_path / "home", call_seconds=3) as server, server.client() as http:
        came = call(http, code)
        assert "stopped after 3 s" in detail(came)

        def busy() -> float:
            lines = http.get("/metrics").text.splitlines()
            return next(float(line.split()[1]) for line in lines if line.startswith("headrace_workers_busy "))

        wait_until(lambda: busy() == 0)
        wait_until(lambda: "cancelled" in {run["state"] for run in http.get("/api/runs").json()})


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_chain_of_calls_waits_for_no_place_that_it_holds_itself(tmp_path, concurrency):
    code = """
        @fused.udf
        def udf(n: int = 1, wide: bool = False):
            if n == 5:
                return 1
            if wide and n == 1:
                return int(fused.submit(udf, [{"n": 2}] * 3).result.sum())
            return 1 + udf(n + 1)
    """
    settings = {"workers": 1, "workers_max": 1, "call_concurrency": concurrency, "call_seconds": 30}
    with serving(tmp_path / "home", **settings) as server, server.client() as http:
        assert value(http, code) == 5
        came: list[object] = []
        threads = [threading.Thread(target=lambda: came.append(value(http, code, wide=True))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert came == [12] * 3


def test_equal_calls_that_call_themselves_do_not_wait_for_one_another(tmp_path):
    code = """
        @fused.udf(cache_max_age="1h")
        def udf():
            if fused.context.get_recursion_factor() == 3:
                return 3
            return fused.run(udf, cache_max_age="1h")
    """
    with serving(tmp_path / "home", call_seconds=20) as server, server.client() as http:
        assert value(http, code) == 3
