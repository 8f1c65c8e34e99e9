"""Attacks on files under a number: what is refused leaves nothing behind, and opens nothing."""

import base64
import contextlib
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import serving, wait_until
from published import Person
from uploading import API, Uploader


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server that takes little, and waits for nobody."""
    limits = {"file_mb": 2, "files_mb": 4, "body_seconds": 1}
    with serving(tmp_path_factory.mktemp("small") / "home", **limits) as one:
        yield one
        assert "incident" not in one.log.read_text()  # whatever was sent, nothing of ours broke
        assert "Traceback" not in one.log.read_text()


@pytest.fixture
def files(small):
    """A person of this test alone, with all the room that there is."""
    with small.client(Person(small, "person").key) as http, Uploader(http) as one:
        yield one


@pytest.fixture
def stranger(small):
    with small.client(Person(small, "stranger").key) as http, Uploader(http) as one:
        yield one


def stored(server) -> list[Path]:
    """Every file in the store, whole or not."""
    return [path for path in (server.home / "store").rglob("*") if path.is_file()]


def signature(url: str) -> str:
    return urlsplit(url).path.split("/")[3]


def replaced(url: str, other: str) -> str:
    return url.replace(signature(url), other)


def message(answer) -> str:
    return answer.text.partition("<Message>")[2].partition("<")[0]


def test_a_signature_is_good_for_one_purpose_and_one_file(files):
    number, one, other = files.upload(b"12345"), files.announce(), files.announce()
    parts, download = files.announce_parts(2), files.get(number)["fileUrl"]
    texts = {signature(url) for url in (one["uploadUrl"], *parts["uploadUrls"])}
    for text in texts:
        assert files.open.get(replaced(download, text)).status_code == 403
        assert files.http.get(f"{API}/files/{number}", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    for url in (download, *parts["uploadUrls"]):
        assert files.post(one, b"1", url=replaced(one["uploadUrl"], signature(url))).status_code == 403
    for url in (download, one["uploadUrl"]):
        assert files.put(replaced(one["uploadUrl"], signature(url)), b"1").status_code == 403
    for key in (other["uploadFields"]["key"], "", f"files/{number}", "../files/1", "files/1\0"):
        assert files.post(one, b"1", key=key).status_code in {400, 403}
    assert files.post(one, b"1", url=other["uploadUrl"]).status_code == 403
    for announced in (one, other):
        assert files.get(announced["id"])["fileUrl"] is None
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert files.open.request(method, download).status_code == 405
    assert files.read(number).content == b"12345"


def test_a_signature_that_was_changed_opens_nothing(files):
    number, other = files.upload(b"12345"), files.announce_parts(3)
    for url, ask in ((files.get(number)["fileUrl"], files.open.get), (other["uploadUrls"][0], files.put)):
        text = signature(url)
        data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        claims = json.loads(data[32:])
        for change in (
            {"path": f"{number + 1}"},
            {"path": f"{other['id']}/2"},
            {"owner_id": claims["owner_id"] + 1},
            {"expires": 1 << 40},
            {"key_id": claims["key_id"] + 1},
        ):
            forged = bytes(data[:32]) + json.dumps(claims | change, separators=(",", ":")).encode()
            assert ask(replaced(url, base64.urlsafe_b64encode(forged).decode().rstrip("="))).status_code == 403
        for at in range(0, len(data), 11):
            changed = bytearray(data)
            changed[at] ^= 1
            assert ask(replaced(url, base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))).status_code == 403
        for wrong in ("x", text[:-8], "a" * 9_000, "!!!!", text + "AAAA", "%00", "%C3%A9"):
            assert ask(replaced(url, wrong)).status_code in {400, 403, 422}


def test_signatures_of_files_under_addresses_are_others(files):
    number, one = files.upload(b"12345"), files.announce()
    form = files.http.get("/server/v1/files/sign-upload", params={"path": "fd://x", "content_length": 1}).json()
    files.http.put("/server/v1/files/upload", params={"path": "fd://f"}, content=b"1")
    url = files.http.get("/server/v1/files/sign", params={"path": "fd://f"}).json()
    ours = files.get(number)["fileUrl"]
    assert files.open.get(replaced(ours, urlsplit(url).path.split("/")[-2])).status_code == 403
    assert files.open.get(url.replace(urlsplit(url).path.split("/")[-2], signature(ours))).status_code == 403
    assert files.post(one, b"1", url=replaced(one["uploadUrl"], form["fields"]["signature"])).status_code == 403


def test_a_signature_expires(tmp_path):
    with (
        serving(tmp_path / "home", signed_seconds=1, upload_seconds=1) as server,
        server.client() as http,
        Uploader(http) as files,
    ):
        announced, parts = files.announce(), files.announce_parts(1)
        wait_until(lambda: "expired" in message(files.post(announced, b"1")))
        wait_until(lambda: "expired" in message(files.put(parts["uploadUrls"][0], b"1")))
        assert files.progress(parts["id"])["uploadUrls"] != parts["uploadUrls"]  # and fresh ones are to be had


def test_a_signature_dies_with_its_key(small):
    with small.client(Person(small, "person").key) as http, Uploader(http) as files:
        number, announced, parts = files.upload(b"1"), files.announce(), files.announce_parts(1)
        url = files.get(number)["fileUrl"]
        me = http.get(f"{API}/users/me").json()["id"]
        for key in http.get(f"{API}/users/{me}/api_keys").json():
            http.delete(f"{API}/users/{me}/api_keys/{key['id']}")
        assert files.open.get(url).status_code == 403
        assert "revoked" in message(files.post(announced, b"1"))
        assert "revoked" in message(files.put(parts["uploadUrls"][0], b"1"))


def test_strangers_learn_nothing_and_complete_nothing(files, stranger, small):
    announced = files.announce_parts(1)
    number = announced["id"]
    files.put(announced["uploadUrls"][0], b"1")
    asked = [
        ("GET", f"/files/{number}"), ("PUT", f"/files/{number}"), ("PATCH", f"/files/{number}"),
        ("DELETE", f"/files/{number}"), ("GET", f"/files/{number}/preview"), ("GET", f"/files/multipart/{number}"),
        ("POST", f"/files/multipart/{number}/complete"), ("GET", f"/files/{number}/shares"),
        ("GET", f"/files/{number}/projects"), ("GET", f"/files/{number}/dependencies"),
    ]  # fmt: skip
    bodies = {"PUT": {"name": "x", "expires_at": None}, "PATCH": {"name": "x"}, "POST": {}}
    for method, path in asked:
        there, nowhere = (
            stranger.http.request(method, f"{API}{one}", json=bodies.get(method))
            for one in (path, path.replace(str(number), "999999"))
        )
        assert (there.status_code, nowhere.status_code) == (404, 404), path
        assert there.json()["errorDescription"].replace(str(number), "") == nowhere.json()["errorDescription"].replace(
            "999999", ""
        )
        assert stranger.open.request(method, f"{small.url}{API}{path}").status_code == 401
    assert files.progress(number)["state"] == "partial"


def test_a_file_that_is_too_large_is_refused_whether_it_says_so_or_not(files, small):
    before = stored(small)
    data, one, parts = bytes(3 << 20), files.announce(), files.announce_parts(3)
    said = files.post(one, data)
    assert (said.status_code, "HEADRACE_FILE_MB" in message(said)) == (413, True)
    for content in (data, (data[at : at + 65536] for at in range(0, len(data), 65536))):
        said = files.put(parts["uploadUrls"][0], content)
        assert (said.status_code, "HEADRACE_FILE_MB" in message(said)) == (413, True)
    for url in parts["uploadUrls"]:
        assert files.put(url, bytes(900_000)).status_code == 200
    said = files.complete(parts["id"])
    assert (said.status_code, "HEADRACE_FILE_MB" in said.json()["errorDescription"]) == (413, True)
    assert files.get(one["id"])["fileUrl"] is None
    assert files.get(parts["id"])["fileUrl"] is None
    for url in parts["uploadUrls"]:
        files.put(url, b"")
    assert sum(path.stat().st_size for path in stored(small)) == sum(path.stat().st_size for path in before)


def test_files_of_all_kinds_share_an_owners_room(files):
    megabyte = bytes(1 << 20)
    put = lambda name: files.http.put("/server/v1/files/upload", params={"path": name}, content=megabyte)  # noqa: E731
    first = files.upload(megabyte)
    assert put("fd://second").status_code == 200
    parts = files.announce_parts(2)
    assert [files.put(url, megabyte).status_code for url in parts["uploadUrls"]] == [200, 200]
    refused = files.post(files.announce(), b"1")
    assert (refused.status_code, "HEADRACE_FILES_MB" in message(refused)) == (413, True)
    assert put("fd://third").status_code == 413
    assert files.put(parts["uploadUrls"][0], megabyte).status_code == 200  # in place of what was there
    assert files.complete(parts["id"]).status_code == 204
    assert files.post(files.announce(), b"1").status_code == 413
    assert files.http.delete(f"{API}/files/{first}").status_code == 204
    wait_until(lambda: files.post(files.announce(), b"1").status_code == 204)


class Raw:
    """A connection that says what no client library would."""

    def __init__(self, url: str, *headers: str, method: str = "PUT") -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.send("\r\n".join([f"{method} {parts.path} HTTP/1.1", "Host: x", *headers, "", ""]).encode())

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> str:
        with contextlib.suppress(ConnectionError):
            return self.socket.recv(65536).decode(errors="replace")
        return ""

    def close(self, *, hard: bool = False) -> None:
        if hard:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


KEY = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
HEAD = KEY + b"%s\r\n" + FILE
FORM = "Content-Type: multipart/form-data; boundary=b"


def unfinished(server) -> list[Path]:
    return [path for path in stored(server) if "#" in path.name]


@pytest.mark.parametrize("hard", [True, False])
def test_a_client_that_goes_away_leaves_nothing_half_written(files, small, hard):
    before = set(stored(small))
    one, parts = files.announce(), files.announce_parts(1)
    form = Raw(one["uploadUrl"], FORM, "Content-Length: 1900000", method="POST")
    form.send(HEAD % one["uploadFields"]["key"].encode() + bytes(1_500_000))
    part = Raw(parts["uploadUrls"][0], "Content-Length: 1900000")
    part.send(bytes(1_500_000))
    wait_until(lambda: len(unfinished(small)) == 2)
    for raw in (form, part):
        raw.close(hard=hard)
    wait_until(lambda: set(stored(small)) == before)
    assert files.get(one["id"])["fileUrl"] is None
    assert files.progress(parts["id"])["parts"] == []
    assert files.complete(parts["id"]).status_code == 409


def test_what_was_there_stays_when_its_replacement_does_not_arrive(files, small):
    announced = files.announce()
    files.post(announced, b"before")
    raw = Raw(announced["uploadUrl"], FORM, "Content-Length: 1900000", method="POST")
    raw.send(HEAD % announced["uploadFields"]["key"].encode() + bytes(1_500_000))
    wait_until(lambda: unfinished(small))
    raw.close(hard=True)
    wait_until(lambda: not unfinished(small))
    assert files.read(announced["id"]).content == b"before"


def test_a_client_that_pauses_is_not_waited_for(files, small):
    one, parts = files.announce(), files.announce_parts(1)
    form = Raw(one["uploadUrl"], FORM, "Content-Length: 1900000", method="POST")
    form.send(b"--b\r\nContent-Disposition: form-data; na")
    part = Raw(parts["uploadUrls"][0], "Content-Length: 1900000")
    part.send(bytes(1_500_000))
    began = time.monotonic()
    for raw in (form, part):
        assert " 408 " in raw.answer()
        raw.close()
    assert time.monotonic() - began < 20
    assert unfinished(small) == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--b--\r\n", b"--b\r\n\r\n", b"x" * 1000, KEY + b"k\r\n--b--\r\n", FILE + b"1\r\n--b--\r\n",
        KEY + b"k" * 50_000,
        b"".join(b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n' % n for n in range(50)),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(files, body):
    announced = files.announce()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = files.open.post(announced["uploadUrl"], content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert message(answer)
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 200):
        assert files.open.post(announced["uploadUrl"], content=b"1", headers={"Content-Type": kind}).status_code == 400
    assert files.get(announced["id"])["fileUrl"] is None


def test_a_form_that_is_cut_off_is_no_file(files):
    announced = files.announce()
    body = HEAD % announced["uploadFields"]["key"].encode() + b"1" * 100
    answer = files.open.post(announced["uploadUrl"], content=body, headers={"Content-Type": FORM.partition(": ")[2]})
    assert (answer.status_code, files.get(announced["id"])["fileUrl"]) == (400, None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br", "?"])
def test_a_body_in_a_coding_is_refused(files, coding):
    one, parts = files.announce(), files.announce_parts(1)
    form = {"data": one["uploadFields"], "files": {"file": b"1"}}
    asked = [
        files.put(parts["uploadUrls"][0], b"1", headers={"Content-Encoding": coding}),
        files.open.post(one["uploadUrl"], **form, headers={"Content-Encoding": coding}),
    ]
    assert [answer.status_code for answer in asked] == [415, 415]


def test_completing_at_the_same_moment_makes_one_file(files, small):
    before = len(stored(small))
    for _ in range(5):
        announced = files.announce_parts(20)
        for at, url in enumerate(announced["uploadUrls"]):
            files.put(url, b"%d" % at * 100)
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(files.complete, [announced["id"]] * 4)
            assert [answer.status_code for answer in answers] == [204] * 4
        assert files.read(announced["id"]).content == b"".join(b"%d" % at * 100 for at in range(20))
        files.http.delete(f"{API}/files/{announced['id']}")
    assert len(stored(small)) == before


def test_a_part_that_comes_after_the_file_was_completed_does_not_change_it(files):
    announced = files.announce_parts(2)
    first, second = announced["uploadUrls"]
    files.put(first, b"first")
    files.put(second, b"second")
    late = Raw(second, "Content-Length: 6")
    late.send(b"LAT")
    wait_until(lambda: files.complete(announced["id"]).status_code == 204)
    late.send(b"ER!")
    assert " 409 " in late.answer()
    late.close()
    refused = files.put(first, b"again")
    assert (refused.status_code, "completed" in message(refused)) == (409, True)
    assert files.read(announced["id"]).content == b"firstsecond"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": ""}, {"name": " "}, {"name": "a\0b"}, {"name": "a\nb"}, {"name": "x" * 1001}, {"name": 5},
        {"name": None}, {"name": "x", "description": "d" * 513}, {"name": "x", "size": 5},
        {"name": "x", "expires_at": "2099-01-01", "expiresAt": "2099-01-01"},
    ],
)  # fmt: skip
def test_what_is_announced_wrongly_is_refused(files, body):
    answer = files.http.post(f"{API}/files", json=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["errorDescription"]
    assert files.http.post(f"{API}/files/multipart", json={"num_parts": 1, **body}).status_code in {400, 422}


def test_many_read_and_write_at_once(files):
    data = os.urandom(60_000)  # all that is on its way counts, so that each may come four times
    announced = files.announce_parts(4)
    with ThreadPoolExecutor(8) as pool:
        urls = announced["uploadUrls"] * 4  # each part four times, all at once
        assert set(pool.map(lambda url: files.put(url, data).status_code, urls)) <= {200, 429}
    assert files.complete(announced["id"]).status_code == 204
    url = files.get(announced["id"])["fileUrl"]
    with ThreadPoolExecutor(8) as pool:
        assert all(got.content == data * 4 for got in pool.map(lambda _: files.open.get(url), range(16)))
