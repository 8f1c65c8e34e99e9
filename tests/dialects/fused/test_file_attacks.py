"""Attacks on uploads and addresses: what is refused leaves nothing behind, and what was there stays."""

import base64
import bz2
import contextlib
import gzip
import io
import json
import os
import socket
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import zstandard

from conftest import serving, wait_until

V1 = "/server/v1"
BOMB = bytes(100 << 20)  # what a bomb would become


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server that takes little, and waits for nobody."""
    limits = {"file_mb": 2, "files_mb": 4, "body_seconds": 1, "signed_seconds": 2, "file_uploads": 3}
    with serving(tmp_path_factory.mktemp("small") / "home", **limits) as one:
        yield one
        assert "incident" not in one.log.read_text()  # whatever was sent, nothing of ours broke
        assert "Traceback" not in one.log.read_text()


@pytest.fixture
def tight(small):
    """A client of that server, whose files are gone before and after."""
    with small.client() as http:
        empty = lambda: http.request(  # noqa: E731
            "DELETE", f"{V1}/files/delete", params={"path": "fd://", "max_deletion_depth": "unlimited"}
        )
        empty()
        yield http
        empty()


def put(http: httpx.Client, path: str, data=b"1", **more) -> httpx.Response:
    return http.put(f"{V1}/files/upload", params={"path": path}, content=data, **more)


def get(http: httpx.Client, path: str) -> httpx.Response:
    return http.get(f"{V1}/files/get", params={"path": path})


def ls(http: httpx.Client, path: str = "fd://") -> list[str]:
    return http.get(f"{V1}/files/list", params={"path": path}).json()


def unfinished(server) -> list[Path]:
    """What is half-written in the store and beside the disks."""
    return [*(server.home / "store").rglob("*#*"), *(server.home / "mounts").glob(".staging/*")]


OUT = [
    "fd://..", "fd://../2/x", "fd://a/../../2/x", "fd://./x", "fd://a/./b", "fd://a/..", "fd:///..//x", "fd://a\0b", "fd://a\nb",
    "fd://\x7f", "fd://" + "n" * 4096, "fd://" + "é" * 2048, "fd://" + "a/" * 100 + "b", "fd://" + "💣" * 40,
    "/mount/../x", "file:///mount/../../etc/passwd", "file:///mounts/1/x", "file://host/mount/x",
    "fd://headrace-temporary/../../1/x", "fd://headrace-temporary",
]  # fmt: skip


@pytest.mark.parametrize("path", OUT, ids=lambda path: ascii(path[:40]))
def test_no_address_leads_out(files, path):
    before = ls(files)
    asked = [
        put(files, path),
        files.get(f"{V1}/files/sign-upload", params={"path": path, "content_length": 1}),
    ]
    if path != "fd://headrace-temporary":  # which is a folder, and may be read as one
        asked += [
            get(files, path),
            files.get(f"{V1}/files/list", params={"path": path}),
            files.get(f"{V1}/files/sign", params={"path": path}),
            files.post(f"{V1}/files/resolve", params={"path": path}),
            files.request("DELETE", f"{V1}/files/delete", params={"path": path, "max_deletion_depth": "unlimited"}),
        ]
    assert [one.status_code for one in asked] == [422] * len(asked), [one.text for one in asked]
    assert ls(files) == before


@pytest.mark.parametrize(
    "raw",
    [
        b"fd://..%2f..%2fx", b"fd://%2e%2e/x", b"fd://a%2f%2e%2e%2f%2e%2e%2fx", b"fd%3A%2F%2F..%2Fx", b"fd://%00",
        b"fd://%ff", b"fd://%c0%ae%c0%ae/x", b"fd://%", b"fd://%u002e", b"fd://a&path=fd://..",
    ],
)  # fmt: skip
def test_no_encoding_of_an_address_leads_out(files, raw):
    """In the query once decoded; decoded twice, they are names of nothing."""
    answer = files.put(f"{V1}/files/upload?path={raw.decode()}", content=b"1")
    assert answer.status_code in {400, 422}


def test_an_address_that_is_encoded_twice_is_a_name_and_leads_nowhere(files):
    for path in ("fd://%2e%2e/%2e%2e/x", "fd://..%2f..%2fx", "fd://%252e%252e/x", "fd://a/%2Fetc%2Fpasswd", "fd://%00"):
        assert get(files, path).status_code in {404, 422}
        assert put(files, path, path.encode()).status_code == 200
        assert get(files, path).text == path
    assert files.rm("fd://", "unlimited").json() is True


def test_another_owner_is_not_to_be_named(files, server):
    """Numbers and prefixes of others are names in one's own folder."""
    with server.client() as admin:
        put(admin, "fd://secret", b"of the house")
        for path in ("fd://1/secret", "fd://files/1/secret", "fd:///1/secret", "fd://headrace-temporary/1/secret"):
            assert get(files, path).status_code == 404
        signed = admin.get(f"{V1}/files/sign", params={"path": "fd://secret"}).json()
        assert files.get(signed).text == "of the house"  # who is given the URL reads the file
        admin.request("DELETE", f"{V1}/files/delete", params={"path": "fd://secret"})


def test_windows_names_are_names(files):
    for name in ("CON", "aux.txt", "C:\\Windows\\x", "..\\..\\x", "a:b", "trail.", "\\\\host\\share"):
        assert put(files, f"fd://w/{name}", name.encode()).status_code == 200
        assert get(files, f"fd://w/{name}").text == name
    assert len(ls(files, "fd://w")) == 7


# Nothing here decompresses what a client sends. An upload is bytes; a coding of the body is refused.
def zipped() -> bytes:
    with io.BytesIO() as inner:
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("bomb", BOMB)
        return inner.getvalue()


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "zip": zipped,
    "gzip": lambda: gzip.compress(BOMB, 1),
    "bzip2": lambda: bz2.compress(BOMB[: 10 << 20]),
    "xml": f'<!DOCTYPE x [<!ENTITY e0 "lol">{ENTITIES}]><x>&e11;</x>'.encode,
    "xxe": lambda: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "json": lambda: b"[" * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_kept_as_the_bytes_it_is(files, server, name):
    data = BOMBS[name]()
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before = peak(server.process.pid)
    assert put(files, f"fd://bomb.{name}", data).status_code == 200
    assert get(files, f"fd://bomb.{name}").content == data
    assert files.ls("fd://", "-details")[-1]["size"] == len(data)
    assert peak(server.process.pid) - before < 60_000
    files.rm(f"fd://bomb.{name}")


def peak(pid: int) -> int:
    """The most kilobytes that a process has held since its marks were cleared."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


CODINGS = {
    "gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.ZstdCompressor().compress, "br": bytes,
    "x-gzip": gzip.compress, "compress": bytes, "gzip, gzip": gzip.compress, "identity, gzip": gzip.compress,
    "?": bytes,
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_in_a_coding_is_refused(files, coding):
    body, headers = CODINGS[coding](bytes(1000)), {"Content-Encoding": coding}
    form = files.get(f"{V1}/files/sign-upload", params={"path": "fd://x", "content_length": 1000}).json()
    asked = [
        put(files, "fd://x", body, headers=headers),
        files.post(f"{V1}/files/upload-temp", content=body, headers=headers),
        files.post(form["url"], data=form["fields"], files={"file": body}, headers=headers),
        files.post(f"{V1}/efs/local/upload", data={"dir": "/"}, files={"file": ("x", body)}, headers=headers),
    ]
    assert [one.status_code for one in asked] == [415] * 4
    assert all("without one" in one.json()["detail"] for one in asked)
    assert ls(files) == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_coded_body_of_any_other_route_is_read_as_it_is(web, coding):
    """No route decompresses: a bomb is a small body that is not JSON."""
    body, headers = CODINGS[coding](BOMB), {"Content-Encoding": coding, "Content-Type": "application/json"}
    for path in ("/udf/new", "/udf-access-token/new", "/realtime/local/api/v1/run/udf", "/efs/local/list"):
        assert web.post(f"{V1}{path}", content=body, headers=headers).status_code == 400
    assert web.post("/api/tokens", content=body, headers=headers).status_code in {400, 403, 404, 405}


def test_a_part_of_a_form_in_a_transfer_coding_is_refused(files):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert files.post(f"{V1}/efs/local/upload", content=body, headers=headers).status_code == 400


def test_a_file_that_is_too_large_is_refused_whether_it_says_so_or_not(tight, small):
    data = bytes(3 << 20)
    said = put(tight, "fd://large", data)
    assert (said.status_code, "HEADRACE_FILE_MB" in said.json()["detail"]) == (413, True)
    unsaid = put(tight, "fd://large", (data[at : at + 65536] for at in range(0, len(data), 65536)))
    assert (unsaid.status_code, "HEADRACE_FILE_MB" in unsaid.json()["detail"]) == (413, True)
    refused = tight.get(f"{V1}/files/sign-upload", params={"path": "fd://x", "content_length": len(data)})
    assert refused.status_code == 413
    disk = tight.post(f"{V1}/efs/local/upload", data={"dir": "/"}, files={"file": ("x", data)})
    assert disk.status_code == 413
    assert ls(tight) == []
    assert unfinished(small) == []


def test_an_owner_has_so_much_room_and_no_more(tight, small):
    megabyte = bytes(1 << 20)
    assert [put(tight, f"fd://{n}", megabyte).status_code for n in range(5)] == [200] * 4 + [413]
    assert put(tight, "fd://0", megabyte).status_code == 200  # in place of what was there
    assert put(tight, "fd://0", megabyte + b"1").status_code == 413
    assert put(tight, "fd://empty", b"").status_code == 413
    assert put(tight, "file:///mount/x", b"1").status_code == 413
    assert "HEADRACE_FILES_MB" in tight.post(f"{V1}/files/upload-temp", content=b"1").json()["detail"]
    tight.request("DELETE", f"{V1}/files/delete", params={"path": "fd://1"})
    assert put(tight, "fd://1", bytes(1 << 19)).status_code == 200
    assert sum(len(get(tight, path).content) for path in ls(tight)) == 3 * (1 << 20) + (1 << 19)
    assert unfinished(small) == []


def test_many_small_files_take_room_too(tight):
    many = [put(tight, f"fd://many/{n}", b"").status_code for n in range(1030)]
    assert (many[:1024].count(200), set(many[1024:])) == (1024, {413})


def test_uploads_at_the_same_moment_share_the_room(tight, small):
    """Each fits alone; the bytes that come are counted as they come."""
    put(tight, "fd://before", bytes(2 << 20))

    def slowly(n: int) -> int:
        def pieces():
            for _ in range(24):
                yield bytes(64 << 10)
                time.sleep(0.01)

        with small.client() as http:
            return put(http, f"fd://together/{n}", pieces()).status_code

    with ThreadPoolExecutor(3) as pool:
        answers = sorted(pool.map(slowly, range(3)))
    assert answers in ([200, 413, 413], [413, 413, 413])
    assert len(ls(tight, "fd://together")) == answers.count(200)
    assert unfinished(small) == []


class Raw:
    """A connection that says what no client library would."""

    def __init__(self, server, path: str, *headers: str, method: str = "PUT", key: str | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        lines = [f"{method} {V1}{path} HTTP/1.1", "Host: localhost", *headers]
        if key is not None:
            lines.append(f"Authorization: Bearer {key}")
        self.send("\r\n".join([*lines, "", ""]).encode())

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


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "\u0661", "9" * 30, "", "1, 2"])
def test_a_length_that_is_none_is_refused(small, tight, length):
    raw = Raw(small, "/files/upload?path=fd://x", f"Content-Length: {length}", key=small.admin_key)
    raw.send(b"12345")
    assert raw.answer().split(" ")[1:2] in (["400"], ["413"], [])
    raw.close()
    assert ls(tight) == []


def test_two_lengths_are_refused(small, tight):
    raw = Raw(small, "/files/upload?path=fd://x", "Content-Length: 5", "Content-Length: 6", key=small.admin_key)
    raw.send(b"123456")
    assert raw.answer().split(" ")[1:2] in (["400"], [])
    raw.close()
    assert ls(tight) == []


@pytest.mark.parametrize("size", [100, 1_500_000])
@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("path", ["fd://gone", "/mount/gone"])
def test_a_client_that_goes_away_leaves_nothing_half_written(small, tight, size, hard, path):
    raw = Raw(small, f"/files/upload?path={path}", "Content-Length: 1900000", key=small.admin_key)
    raw.send(bytes(size))
    wait_until(lambda: size < 1 << 20 or unfinished(small) or path == "fd://gone")
    raw.close(hard=hard)
    wait_until(lambda: put(tight, "fd://after", b"1").status_code == 200 and not unfinished(small))
    assert ls(tight) == ["fd://after"]
    assert "file:///mount/gone" not in ls(tight, "file:///mount")


def test_what_was_there_stays_when_its_replacement_does_not_arrive(small, tight):
    put(tight, "fd://kept", b"before")
    raw = Raw(small, "/files/upload?path=fd://kept", "Content-Length: 1900000", key=small.admin_key)
    raw.send(bytes(1_500_000))
    raw.close(hard=True)
    wait_until(lambda: not unfinished(small))
    assert get(tight, "fd://kept").content == b"before"


def test_a_client_that_pauses_is_not_waited_for(small, tight):
    raw = Raw(small, "/files/upload?path=fd://slow", "Content-Length: 1900000", key=small.admin_key)
    raw.send(bytes(1_500_000))
    assert " 408 " in raw.answer()
    raw.close()
    assert ls(tight) == []
    assert unfinished(small) == []


def test_a_form_that_pauses_before_its_file_is_not_waited_for(small):
    headers = ["Content-Type: multipart/form-data; boundary=b", "Content-Length: 1000"]
    raw = Raw(small, "/blob-upload", *headers, method="POST")
    raw.send(b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nfd:')
    assert " 408 " in raw.answer()
    raw.close()


def test_so_many_uploads_at_once_and_the_next_waits_and_no_longer_than_clients_do(tmp_path):
    with serving(tmp_path / "home", file_uploads=1) as server, server.client() as http:
        raw = Raw(server, "/files/upload?path=fd://first", "Content-Length: 10", key=server.admin_key)
        with contextlib.closing(raw), ThreadPoolExecutor(1) as pool:
            raw.send(b"12345")
            wait_until(lambda: put(http, "fd://more").status_code == 429)  # the other one has begun
            assert put(http, "fd://more").headers["retry-after"] == "1"
            waiting = pool.submit(put, http, "fd://more")
            raw.send(b"67890")
            assert " 200 " in raw.answer()
            assert waiting.result().status_code == 200


def signed(http: httpx.Client, path: str, size: int) -> dict:
    return http.get(f"{V1}/files/sign-upload", params={"path": path, "content_length": size}).json()


def post(form: dict, data: bytes, **fields: str) -> httpx.Response:
    return httpx.post(form["url"], data=form["fields"] | fields, files={"file": data}, timeout=30)


def test_a_form_takes_what_was_signed_and_nothing_else(files):
    form = signed(files, "fd://form", 5)
    other = signed(files, "fd://other", 5)["fields"]["signature"]
    refused = [
        post(form, b"123456"), post(form, b"1234"), post(form, b""), post(form, bytes(5 << 20)),
        post(form, b"12345", key="fd://elsewhere"), post(form, b"12345", key="fd://form/"),
        post(form, b"12345", key=""), post(form, b"12345", signature=other), post(form, b"12345", signature=""),
    ]  # fmt: skip
    assert [one.status_code for one in refused] == [413, 422, 422, 413, 403, 403, 403, 403, 403]
    assert ls(files) == []
    assert post(form, b"12345").status_code == 204
    assert get(files, "fd://form").content == b"12345"


def test_a_form_that_is_sent_again_writes_the_same_place_and_no_other(files):
    """A client that lost the answer sends it again; its signature opens no more than it did."""
    form = signed(files, "fd://again", 5)
    assert [post(form, b"12345").status_code for _ in range(2)] == [204, 204]
    assert ls(files) == ["fd://again"]


def test_a_signature_is_good_for_one_purpose(files, open_web):
    put(files, "fd://f", b"12345")
    upload = signed(files, "fd://f", 5)["fields"]["signature"]
    url = files.get(f"{V1}/files/sign", params={"path": "fd://f"}).json()
    download = url.split("/")[-2]
    assert open_web.get(f"{V1}/blob/{upload}/f").status_code == 403
    assert post(signed(files, "fd://f", 5), b"other", signature=download).status_code == 403
    assert open_web.get(f"{V1}/blob/{download}/g").status_code == 404
    assert open_web.get(f"{V1}/blob/{download}/f").content == b"12345"
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert open_web.request(method, url).status_code == 405
    assert open_web.get(f"{V1}/files/list", headers={"Authorization": f"Bearer {download}"}).status_code == 401


def test_a_signature_that_was_changed_opens_nothing(files, open_web):
    put(files, "fd://f", b"12345")
    url = files.get(f"{V1}/files/sign", params={"path": "fd://f"}).json()
    signature = url.split("/")[-2]
    data = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    claims = json.loads(data[32:])
    for change in ({"path": "fd://g"}, {"owner_id": 1}, {"expires": 1 << 40}, {"key_id": 1}):
        forged = bytes(data[:32]) + json.dumps(claims | change, separators=(",", ":")).encode()
        text = base64.urlsafe_b64encode(forged).decode().rstrip("=")
        assert open_web.get(f"{V1}/blob/{text}/f").status_code == 403
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 1
        text = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
        assert open_web.get(f"{V1}/blob/{text}/f").status_code == 403
    for text in ("x", signature[:-8], "é" * 50, "a" * 20_000, "!!!!", signature + "AAAA"):
        assert open_web.get(f"{V1}/blob/{text}/f").status_code == 403


def test_a_signature_expires(small, tight):
    put(tight, "fd://f", b"12345")
    url = tight.get(f"{V1}/files/sign", params={"path": "fd://f"}).json()
    form = signed(tight, "fd://g", 5)
    assert httpx.get(url).status_code == 200
    wait_until(lambda: httpx.get(url).status_code == 403)
    wait_until(lambda: post(form, b"12345").status_code == 403)
    assert "expired" in httpx.get(url).json()["detail"]


def test_what_a_key_has_signed_dies_with_the_key(files, server):
    put(files, "fd://f", b"12345")
    made = files.post("/api/users/me/api_keys", json={"name": "short", "expiresIn": 3600})
    if made.status_code == 404:
        number = files.get(f"{V1}/user/self").json()["id"]
        made = files.post(f"/api/users/{number}/api_keys", json={"name": "short", "expiresIn": 3600})
    key, number = made.json()["token"], files.get(f"{V1}/user/self").json()["id"]
    with server.client(key) as http:
        url, form = http.get(f"{V1}/files/sign", params={"path": "fd://f"}).json(), signed(http, "fd://g", 5)
    assert httpx.get(url).status_code == 200
    assert files.delete(f"/api/users/{number}/api_keys/{made.json()['id']}").is_success
    assert httpx.get(url).status_code == 403
    assert post(form, b"12345").status_code == 403


def test_another_secret_key_makes_every_signature_worthless(tmp_path):
    secret = lambda n: base64.urlsafe_b64encode(bytes([n]) * 32).decode()  # noqa: E731
    with serving(tmp_path / "home", secret_key=secret(1)) as one, one.client() as http:
        put(http, "fd://f", b"12345")
        url = http.get(f"{V1}/files/sign", params={"path": "fd://f"}).json()
        assert httpx.get(url).status_code == 200
        path = httpx.URL(url).path
    with serving(tmp_path / "home", secret_key=secret(2)) as other:
        assert httpx.get(other.url + path).status_code == 403


FORMS = {
    "not a form": (b"data", "text/plain"),
    "no boundary": (b"--b\r\n", "multipart/form-data"),
    "another boundary": (b'--c\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n--c--\r\n', None),
    "empty": (b"", None),
    "no file": (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nfd://x\r\n--b--\r\n', None),
    "a long field": (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + b"x" * 100_000, None),
    "a long header": (b"--b\r\nContent-Disposition: " + b"x" * 100_000, None),
    "many headers": (b"--b\r\n" + b"X: y\r\n" * 10_000, None),
    "many fields": (b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n' * 100, None),
    "no text": (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n\xff\xfe\r\n--b', None),
    "no end of a header": (b"--b\r\n\r\n", None),
    "nonsense": (os.urandom(5000), None),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_is_no_form_is_refused_in_words(open_web, name):
    body, type_ = FORMS[name]
    headers = {"Content-Type": type_ or "multipart/form-data; boundary=b"}
    answer = open_web.post(f"{V1}/blob-upload", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"].endswith(".")


def test_a_form_that_is_cut_short_leaves_nothing(files, open_web):
    form = signed(files, "fd://cut", 2_000_000)
    whole = httpx.Request("POST", form["url"], data=form["fields"], files={"file": bytes(2_000_000)})
    body = whole.read()
    for cut in (body[:-10], body[: len(body) // 2], body[:-2_000_000], body.replace(b"--\r\n", b"")):
        answer = open_web.post(form["url"], content=cut, headers={"Content-Type": whole.headers["content-type"]})
        assert answer.status_code in {400, 422}, answer.text
    assert ls(files) == []


def test_every_place_where_a_form_may_be_cut_into_packets_is_the_same_form(files, open_web):
    """The boundary may come in two pieces, and look like one within the file."""
    data = b"\r\n--b\r\n--b-\r\n--bb--\r\n" * 3
    form = signed(files, "fd://packets", len(data))
    boundary = "bb--x"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items()
    )
    head = f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode()
    body = head + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    for step in (1, 7, 50):
        pieces = (body[at : at + step] for at in range(0, len(body), step))
        assert open_web.post(form["url"], content=pieces, headers=headers).status_code == 204
        assert get(files, "fd://packets").content == data


def test_a_server_that_is_killed_in_an_upload_leaves_nothing_half_written(tmp_path):
    home = tmp_path / "home"
    with serving(home) as server:
        with server.client() as http:
            put(http, "fd://kept", b"before")
            put(http, "file:///mount/kept", b"before")
        raws = [
            Raw(server, f"/files/upload?path={path}", "Content-Length: 90000000", key=server.admin_key)
            for path in ("fd://kept", "fd://new", "/mount/kept", "/mount/new")
        ]
        for raw in raws:
            raw.send(bytes(30_000_000))
        wait_until(lambda: len(unfinished(server)) == 4)
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        left = unfinished(server)
        assert len(left) == 4
        for path in left:
            os.utime(path, (1000, 1000))
        server.start()
        with server.client() as http:
            assert ls(http) == ["fd://kept"]
            assert ls(http, "file:///mount") == ["file:///mount/kept"]
            assert get(http, "fd://kept").content == get(http, "file:///mount/kept").content == b"before"
            wait_until(lambda: not unfinished(server))
            assert put(http, "fd://new", b"1").status_code == 200
        for raw in raws:
            raw.close()


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    with serving(tmp_path / "home") as server:
        with server.client() as http:
            for n in range(20):
                assert put(http, f"fd://{n}", bytes([n]) * 1_500_000).status_code == 200
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        server.start()
        with server.client() as http:
            assert all(get(http, f"fd://{n}").content == bytes([n]) * 1_500_000 for n in range(20))
