"""Files under a number over HTTP: announced, uploaded by signed URLs, read by signed URLs (Civis notes 4.1, 6.11)."""

import gzip
import os
import re
import socket
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from conftest import wait_until
from published import Person
from uploading import API, Uploader


@pytest.fixture
def person(server) -> Person:
    return Person(server, "person")


@pytest.fixture
def files(server, person):
    with server.client(person.key) as http, Uploader(http) as one:
        yield one


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, (1 << 20) + 1, 9_000_000])
def test_a_file_is_announced_posted_and_read(files, size):
    data = os.urandom(size)
    announced = files.announce("data.bin", description="Numbers")
    assert set(announced) == {
        "id", "name", "createdAt", "fileSize", "expiresAt", "description", "uploadUrl", "uploadFields",
        "myPermissionLevel",
    }  # fmt: skip
    before = files.get(announced["id"])
    assert (before["fileSize"], before["fileUrl"], before["downloadUrl"]) == (0, None, None)
    assert files.post(announced, data).status_code == 204
    got = files.get(announced["id"])
    assert set(got) == {
        "id", "name", "createdAt", "fileSize", "expiresAt", "description", "author", "downloadUrl", "fileUrl",
        "detectedInfo", "myPermissionLevel",
    }  # fmt: skip
    assert got["detectedInfo"] == {
        "includeHeader": None, "columnDelimiter": None, "compression": None, "tableColumns": [],
    }  # fmt: skip
    assert (got["name"], got["description"], got["fileSize"]) == ("data.bin", "Numbers", size)
    answer = files.read(announced["id"])
    assert (answer.content == data, answer.headers["content-length"]) == (True, str(size))


def test_a_file_comes_as_bytes_to_be_saved_under_its_name(files):
    number = files.upload(b"<b>", "a page.html")
    answer = files.read(number, headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["content-disposition"] == 'attachment; filename="a page.html"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "content-encoding" not in answer.headers
    with urllib.request.urlopen(files.get(number)["fileUrl"]) as plain:  # as pandas asks, without any header of ours
        assert plain.read() == b"<b>"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("plain.csv", 'filename="plain.csv"'),
        ("/home/ada/data/cities.csv", 'filename="cities.csv"'),
        ("C:\\data\\cities.csv", 'filename="cities.csv"'),
        ("../../etc/passwd", 'filename="passwd"'),
        ("größe 漢.csv", "filename=\"gr__e _.csv\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%E6%BC%A2.csv"),
        ('a"b.csv', "filename=\"a_b.csv\"; filename*=UTF-8''a%22b.csv"),
        ("100%.csv", "filename=\"100_.csv\"; filename*=UTF-8''100%25.csv"),
        ("..", 'filename="file"'),
        ("/", 'filename="file"'),
        ("?q=1#x", 'filename="?q=1#x"'),
        ("🗺", "filename=\"_\"; filename*=UTF-8''%F0%9F%97%BA"),
        ("x" * 1000, f'filename="{"x" * 1000}"'),
    ],
)
def test_a_name_is_kept_and_told_without_its_folders(files, name, sent):
    number = files.upload(b"1", name)
    assert files.get(number)["name"] == name
    answer = files.read(number)
    assert (answer.content, answer.headers["content-disposition"]) == (b"1", f"attachment; {sent}")


def test_an_inline_link_shows_what_a_browser_shows_and_saves_the_rest(files):
    shown, saved = files.upload(b"1", "a.txt"), files.upload(b"<b>", "a.html")
    for number, kind in ((shown, "text/plain"), (saved, "application/octet-stream")):
        answer = files.open.get(files.get(number, inline="true")["fileUrl"])
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-disposition"].startswith("inline" if number == shown else "attachment")
        assert answer.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("whole", [True, False], ids=["in one piece", "in parts"])
def test_parts_of_a_file_are_served_alike_however_it_came(files, whole):
    data = os.urandom(100_000)
    number = files.upload(data) if whole else files.upload_parts(data[:40_000], b"", data[40_000:40_001], data[40_001:])
    url = files.get(number)["fileUrl"]
    etag = files.open.get(url).headers["etag"]

    def part(wanted: str, **headers: str):
        got = files.open.get(url, headers={"Range": wanted, **headers})
        return got.status_code, got.headers.get("content-range"), got.content

    assert part("bytes=0-0") == (206, "bytes 0-0/100000", data[:1])
    assert part("bytes=39990-40010") == (206, "bytes 39990-40010/100000", data[39_990:40_011])
    assert part("bytes=40000-40000") == (206, "bytes 40000-40000/100000", data[40_000:40_001])
    assert part("bytes=-10") == (206, "bytes 99990-99999/100000", data[-10:])
    assert part("bytes=100000-")[:2] == (416, "bytes */100000")
    assert part("bytes=0-0", **{"If-Range": etag})[0] == 206
    assert part("bytes=0-0", **{"If-Range": '"another"'}) == (200, None, data)
    assert files.open.get(url, headers={"If-None-Match": etag}).status_code == 304
    head = files.open.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "100000", b"")
    assert head.headers["accept-ranges"] == "bytes"


def test_a_file_in_parts_is_read_once_it_is_complete(files):
    parts = [os.urandom(1_500_000), os.urandom(10), b"", os.urandom(2_000_000)]
    announced = files.announce_parts(4, "big.bin")
    assert set(announced) == {"id", "name", "createdAt", "fileSize", "expiresAt", "description", "uploadUrls"}
    number, urls = announced["id"], announced["uploadUrls"]
    for at in (3, 0, 1):
        answer = files.put(urls[at], parts[at])
        assert answer.status_code == 200
        assert answer.headers["etag"]
    progress = files.progress(number)
    assert [(part["number"], part["size"]) for part in progress["parts"]] == [(1, 1_500_000), (2, 10), (4, 2_000_000)]
    assert (progress["state"], progress["numParts"], progress["missing"]) == ("partial", 4, [3])
    assert files.get(number)["fileUrl"] is None
    refused = files.complete(number)
    assert refused.status_code == 409
    assert refused.json()["errorDescription"].startswith("Part 3 of 4 is missing")
    assert (
        files.put(progress["uploadUrls"][2], parts[2]).status_code == 200
    )  # a fresh URL, of a client that lost its own
    assert files.put(urls[1], parts[1][::-1]).status_code == 200  # sent again: the last one counts
    assert files.complete(number).status_code == 204
    assert files.complete(number).status_code == 204
    assert files.read(number).content == parts[0] + parts[1][::-1] + parts[3]
    assert files.get(number)["fileSize"] == 3_500_010
    done = files.progress(number)
    assert (done["state"], done["missing"], done["uploadUrls"], len(done["parts"])) == ("whole", [], [], 4)


def test_what_is_missing_is_said_in_few_words(files):
    announced = files.announce_parts(60)
    for at in (0, 1, 5, *range(10, 60, 2)):
        files.put(announced["uploadUrls"][at], b"1")
    said = files.complete(announced["id"]).json()["errorDescription"]
    assert said.startswith("Parts 3 to 5, 7 to 10, 12, 14, 16, 18, 20, 22, 24, 26 and 17 more of 60 are missing")


@pytest.mark.parametrize(("count", "status"), [(1, 201), (10_000, 201), (0, 422), (10_001, 422), (-1, 422)])
def test_a_file_comes_in_1_to_10_000_parts(files, count, status):
    answer = files.http.post(f"{API}/files/multipart", json={"name": "x", "num_parts": count})
    assert answer.status_code == status
    if status == 201:
        assert len(set(answer.json()["uploadUrls"])) == count


def test_one_piece_and_parts_are_not_mixed_up(files):
    single, parts = files.announce(), files.announce_parts(1)
    assert files.complete(single["id"]).status_code == 409
    assert files.http.get(f"{API}/files/multipart/{single['id']}").status_code == 409
    assert files.post(single, b"1", url=parts["uploadUrls"][0]).status_code == 403
    assert files.put(single["uploadUrl"], b"1").status_code == 403


EXPIRIES = {
    "2099-12-31": "2099-12-31T00:00:00Z",
    "2099-12-31 23:59:59": "2099-12-31T23:59:59Z",
    "2099-12-31T23:59:59Z": "2099-12-31T23:59:59Z",
    "2099-12-31T23:59:59.500+02:00": "2099-12-31T21:59:59.500Z",
}


@pytest.mark.parametrize("text", EXPIRIES)
@pytest.mark.parametrize("field", ["expires_at", "expiresAt"])
def test_a_file_expires_when_it_is_said_to(files, text, field):
    for announced in (files.announce(**{field: text}), files.announce_parts(1, **{field: text})):
        assert moment(announced["expiresAt"]) == moment(EXPIRIES[text])


def test_an_expiry_that_is_missing_is_not_null(files):
    """Missing is in 30 days, null is never."""
    in_30_days = datetime.now(UTC) + timedelta(days=30)
    for announced in (files.announce(), files.announce_parts(1)):
        assert abs(moment(announced["expiresAt"]) - in_30_days) < timedelta(minutes=1)
    for announced in (files.announce(expires_at=None), files.announce_parts(1, expires_at=None)):
        assert announced["expiresAt"] is None


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2020-01-01", "2099-13-01", "9" * 50, 5, {}, "0001-01-01T00:00:00+14:00"]
)
def test_an_expiry_that_is_none_is_refused(files, text):
    answer = files.http.post(f"{API}/files", json={"name": "x", "expires_at": text})
    assert answer.status_code == 422
    assert "errorDescription" in answer.json()


def test_what_is_given_changes_and_the_rest_stays(files):
    number = files.upload(b"1", "a.csv", description="first")
    path = f"{API}/files/{number}"
    got = files.http.patch(path, json={"name": "b.csv", "description": None}).json()
    assert (got["name"], got["description"]) == ("b.csv", "first")
    assert got["expiresAt"] is not None
    assert files.http.patch(path, json={"expires_at": None}).json()["expiresAt"] is None
    got = files.http.put(path, json={"name": "c.csv", "expires_at": "2099-01-01"}).json()
    assert (got["name"], got["description"], got["expiresAt"]) == ("c.csv", None, "2099-01-01T00:00:00.000Z")
    assert files.http.put(path, json={"name": "c.csv"}).status_code == 422
    refused = files.http.patch(path, json={"name": "c.exe"})
    assert (refused.status_code, ".csv" in refused.json()["errorDescription"]) == (422, True)
    assert files.read(number).content == b"1"


def test_a_link_is_good_for_36_hours_at_most(files):
    number = files.upload(b"1")
    now = datetime.now(UTC)
    for hours, status in ((0.1, 200), (35.9, 200), (36.1, 422), (-1, 422)):
        asked = files.http.get(
            f"{API}/files/{number}", params={"link_expires_at": (now + timedelta(hours=hours)).isoformat()}
        )
        assert asked.status_code == status
    later, soon = ((datetime.now(UTC) + timedelta(seconds=seconds)).isoformat() for seconds in (600, 3))
    lasting, short = (files.get(number, link_expires_at=at)["fileUrl"] for at in (later, soon))
    wait_until(lambda: datetime.now(UTC) >= moment(soon))
    assert (files.open.get(lasting).content, files.open.get(short).status_code) == (b"1", 403)


def test_a_form_that_is_posted_again_replaces_the_file(files):
    announced = files.announce()
    files.post(announced, b"first")
    before = files.get(announced["id"])["fileUrl"]
    assert files.post(announced, b"the second").status_code == 204
    assert files.open.get(before).content == b"the second"
    assert files.get(announced["id"])["fileSize"] == 10


@pytest.mark.parametrize("names", [True, False], ids=["every part has a filename", "only the file has one"])
@pytest.mark.parametrize("more", [b"", b'--b\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n'])
def test_the_parts_of_a_form_are_known_by_name(files, names, more):
    announced = files.announce()
    key = b'; filename="key"' if names else b""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="key"' + key + b"\r\n\r\n"
        + announced["uploadFields"]["key"].encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="tmp0"\r\n\r\n1\r\n2\r\n'
        + more + b"--b--\r\n"
    )  # fmt: skip
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert files.open.post(announced["uploadUrl"], content=body, headers=headers).status_code == 204
    assert files.read(announced["id"]).content == b"1\r\n2"


def test_the_fields_of_a_form_survive_what_clients_do_to_them(files):
    fields = files.announce()["uploadFields"]
    assert "key" in fields
    assert all(re.fullmatch("[a-z0-9_-]+", name) and isinstance(value, str) for name, value in fields.items())


def test_urls_are_made_from_the_public_address_and_not_from_the_host_that_was_asked(ask, platform):
    announced = ask("POST", "/files", json={"name": "f"}).json()
    parts = ask("POST", "/files/multipart", json={"name": "f", "num_parts": 2}).json()
    for url in (announced["uploadUrl"], *parts["uploadUrls"]):
        assert url.startswith(f"{platform.settings.url}/api/blobs/")


def test_whom_a_file_is_shared_with_reads_it_and_who_may_write_uploads(files, server):
    reader, writer = Person(server, "reader"), Person(server, "writer")
    announced = files.announce_parts(1)
    number = announced["id"]
    with server.client(reader.key) as read, server.client(writer.key) as write:
        ids = [one.get(f"{API}/users/me").json()["id"] for one in (read, write)]
        path = f"{API}/files/{number}"
        assert read.get(path).status_code == 404
        for id_, level in zip(ids, ("read", "write"), strict=True):
            body = {"user_ids": [id_], "permission_level": level}
            assert files.http.put(f"{path}/shares/users", json=body).status_code == 200
        assert read.get(f"{API}/files/multipart/{number}").status_code == 403
        assert read.post(f"{API}/files/multipart/{number}/complete", json={}).status_code == 403
        assert read.patch(path, json={"name": "g.bin"}).status_code == 403
        url = write.get(f"{API}/files/multipart/{number}").json()["uploadUrls"][0]
        assert files.put(url, b"by the writer").status_code == 200
        assert write.delete(path).status_code == 403
        assert write.post(f"{API}/files/multipart/{number}/complete", json={}).status_code == 204
        got = read.get(path).json()
        assert got["myPermissionLevel"] == "read"
        assert files.open.get(got["fileUrl"]).content == b"by the writer"
        assert files.http.delete(f"{path}/shares/users/{ids[0]}").status_code == 204
        assert files.open.get(got["fileUrl"]).status_code == 403  # what was signed for them ends with their permission


def test_a_file_that_is_deleted_is_gone_with_its_urls(files):
    announced = files.announce()
    files.post(announced, b"1")
    url = files.get(announced["id"])["fileUrl"]
    assert files.http.delete(f"{API}/files/{announced['id']}").status_code == 204
    assert files.http.get(f"{API}/files/{announced['id']}").status_code == 404
    assert files.open.get(url).status_code == 404
    assert files.post(announced, b"2").status_code == 404


CSV = "city,people,area\nBerlin,3700000,891.8\nBern,134000,51.6\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("word", "sign"), [("comma", ","), ("tab", "\t"), ("pipe", "|")])
def test_a_table_is_previewed(files, packed, word, sign):
    data = CSV.replace(",", sign).encode()
    number = files.upload(gzip.compress(data) if packed else data, "cities.csv")
    got = files.http.get(f"{API}/files/{number}/preview").json()
    assert got == {
        "columns": [
            {"name": "city", "sqlType": "VARCHAR"},
            {"name": "people", "sqlType": "INT"},
            {"name": "area", "sqlType": "FLOAT"},
        ],
        "rows": [["Berlin", "3700000", "891.8"], ["Bern", "134000", "51.6"]],
        "columnDelimiter": word,
        "includeHeader": True,
    }


def test_a_preview_takes_what_is_said_of_the_table(files):
    number = files.upload(CSV.encode())
    got = files.http.get(
        f"{API}/files/{number}/preview", params={"column_delimiter": "pipe", "include_header": "false"}
    ).json()
    assert got["columns"] == [{"name": "column_1", "sqlType": "VARCHAR"}]
    assert (got["rows"][0], got["columnDelimiter"], got["includeHeader"]) == (["city,people,area"], "pipe", False)
    assert files.http.get(f"{API}/files/{number}/preview?column_delimiter=;").status_code == 422


def test_an_empty_file_has_an_empty_preview(files):
    got = files.http.get(f"{API}/files/{files.upload(b'')}/preview").json()
    assert got == {"columns": [], "rows": [], "columnDelimiter": None, "includeHeader": False}


def test_a_preview_ends_with_the_last_whole_line_it_has_read(files):
    line = "abcdefghi,1\n"
    half = (line * 4000).encode()
    number = files.upload_parts(half, half)
    got = files.http.get(f"{API}/files/{number}/preview").json()
    assert (len(got["rows"]), {tuple(row) for row in got["rows"]}) == (100, {("abcdefghi", "1")})


BAD = {
    "nul": b"a,b\n\0\0,1\n",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "zip": b"PK\x03\x04" + bytes(30),
    "no gzip": b"\x1f\x8b" + b"nothing",
    "a long field": b'"' + b"x" * 200_000,
    "many columns": b"," * 5000,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_said_to_be_none(files, name):
    data = BAD[name] if name != "a long field" else gzip.compress(BAD[name])
    answer = files.http.get(f"{API}/files/{files.upload(data)}/preview")
    assert (answer.status_code, answer.json()["error"]) == (422, "preview_failed")


def test_a_bomb_is_previewed_by_its_first_bytes(files):
    number = files.upload(gzip.compress(b"1,2\n" * 10_000_000))
    assert len(files.http.get(f"{API}/files/{number}/preview").json()["rows"]) == 100


def test_preprocessing_is_declared_and_said_to_come(files, server):
    number = files.upload(b"1")
    answer = files.http.post(f"{API}/files/preprocess/csv", json={"file_id": number})
    assert (answer.status_code, answer.json()["error"]) == (501, "not_served")
    with server.client(Person(server, "stranger").key) as stranger:
        assert stranger.post(f"{API}/files/preprocess/csv", json={"file_id": number}).status_code == 404


def test_a_wrong_signature_is_answered_before_anything_is_sent(files):
    """A client that waits for leave to send its body is answered without it; one that sends it all reads the answer."""
    parts = urlsplit(files.announce()["uploadUrl"])
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as raw:
        raw.sendall(
            f"POST {parts.path}x HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        with raw.makefile("rb") as answer:
            said = answer.read().decode()  # to the end of the connection
    assert said.startswith("HTTP/1.1 403 ")
    assert "connection: close" in said.lower()
    assert "<Message>This signature is not one of ours" in said
    answer = files.open.put(f"{parts.scheme}://{parts.netloc}{parts.path}x", content=bytes(40 << 20))
    assert (answer.status_code, "not one of ours" in answer.text) == (403, True)
