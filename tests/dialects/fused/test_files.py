"""Files over HTTP: what is put is got, by whom it may be, and nothing else is touched."""

import os
import uuid
from urllib.parse import quote

import pytest

V1 = "/server/v1"
NAMES = [
    "plain.bin", "with space.txt", "100% sure.csv", "a%2Fb", "é漢字", "🗺.json", "year=2024", "a+b", "~tilde~41", "#1",
    "?q=1&x", "back\\slash", "CON", "nul.txt", "C:", " leading", "trailing ", "'quote\"", "a..b", "...", "<b>",
    "x" * 180,
]  # fmt: skip


def test_what_is_put_is_got_listed_and_deleted(files):
    data = os.urandom(3_000_000)
    assert files.put_file("fd://a/b.bin", data).json()["size"] == len(data)
    assert files.get_file("fd://a/b.bin").content == data
    assert files.ls() == ["fd://a/"]
    assert files.ls("fd://a") == files.ls("fd:///a//") == files.ls("fd://a/b.bin") == ["fd://a/b.bin"]
    assert files.rm("fd://a/b.bin").json() is True
    assert files.rm("fd://a/b.bin").json() is False
    assert files.get_file("fd://a/b.bin").status_code == 404
    assert files.ls() == files.ls("fd://a") == []


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (8 << 20) + 1])
def test_a_file_of_any_size_is_got_as_it_was_put(files, size):
    data = os.urandom(size)
    assert files.put_file("fd://f", data).status_code == 200
    got = files.get_file("fd://f")
    assert (got.status_code, got.content == data, got.headers["content-length"]) == (200, True, str(size))
    assert files.ls("fd://", details="-details")[0]["size"] == size


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_it_is(files, name):
    path = f"fd://folder/{name}"
    assert files.put_file(path, name.encode()).status_code == 200
    assert files.get_file(path).content == name.encode()
    assert files.ls("fd://folder") == [path]
    assert files.ls("fd://folder", details="-details")[0]["file_name"] == name
    url = files.get(f"{V1}/files/sign", params={"path": path}).json()
    assert files.get(url).content == name.encode()
    assert files.rm(path).json() is True


def test_names_that_look_alike_are_different_files(files):
    names = ["a b", "a%20b", "a+b", "a~20b", "A b", "e\u0301", "é"]
    for name in names:
        files.put_file(f"fd://f/{name}", name.encode())
    assert {files.get_file(f"fd://f/{name}").text for name in names} == set(names)
    assert len(files.ls("fd://f")) == len(names)


def test_a_folder_lists_what_is_right_under_it(files):
    for path in ("a.txt", "b/c.txt", "b/d/e.txt", "bb/f.txt"):
        files.put_file(f"fd://{path}", path.encode())
    assert files.ls() == ["fd://a.txt", "fd://b/", "fd://bb/"]
    assert files.ls("fd://b/") == ["fd://b/c.txt", "fd://b/d/"]
    folder, file = sorted(files.ls("fd://b", details="-details"), key=lambda one: not one["is_directory"])
    assert folder == {
        "url": "fd://b/d/", "file_name": "d", "is_directory": True, "size": None, "last_modified": None,
    }  # fmt: skip
    assert (file["file_name"], file["is_directory"], file["size"]) == ("c.txt", False, 7)
    assert file["last_modified"].startswith("20")


def test_a_folder_is_deleted_only_as_deep_as_was_said(files):
    for path in ("d/1", "d/2/2", "d/3/3/3", "dd/1"):
        files.put_file(f"fd://{path}", b"1")
    refused = files.rm("fd://d")
    assert refused.status_code == 422
    assert "unlimited" in refused.json()["detail"]
    assert files.get_file("fd://d/1").content == b"1"
    assert files.rm("fd://d", 3).json() is True
    assert files.ls() == ["fd://dd/"]
    assert files.rm("fd://", "unlimited").json() is True
    assert files.ls() == []
    assert files.rm("fd://", "deep").status_code == 422


def test_a_file_and_a_folder_cannot_share_a_name(files):
    files.put_file("fd://a/b", b"1")
    for path in ("fd://a/b/c", "fd://a/b/c/d", "fd://a"):
        for data in (b"2", b"2" * 3_000_000):
            refused = files.put_file(path, data)
            assert (refused.status_code, "cannot share a name" in refused.json()["detail"]) == (409, True)
    assert files.get_file("fd://a/b").content == b"1"
    assert files.get_file("fd://a/b/c").status_code == 404
    assert files.get_file("fd://a").status_code == 404


def test_parts_of_a_file_are_served(files):
    data = os.urandom(100_000)
    whole = files.put_file("fd://f", data) and files.get_file("fd://f")
    etag = whole.headers["etag"]

    def part(wanted: str, **headers: str):
        got = files.get_file("fd://f", headers={"Range": wanted, **headers})
        return got.status_code, got.headers.get("content-range"), got.content

    assert part("bytes=0-0") == (206, "bytes 0-0/100000", data[:1])
    assert part("bytes=99990-") == (206, "bytes 99990-99999/100000", data[99990:])
    assert part("bytes=-10") == (206, "bytes 99990-99999/100000", data[99990:])
    assert part("bytes=5-1000000") == (206, "bytes 5-99999/100000", data[5:])
    assert part("bytes=100000-") == (416, "bytes */100000", b"")
    assert part("bytes=-0")[:2] == (416, "bytes */100000")
    for whole in ("bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=99999999999999999999-"):
        assert part(whole) == (200, None, data)
    assert part("bytes=0-0", **{"If-Range": etag})[0] == 206
    assert part("bytes=0-0", **{"If-Range": '"another"'}) == (200, None, data)
    assert files.get_file("fd://f", headers={"If-None-Match": etag}).status_code == 304
    head = files.head(f"{V1}/files/get", params={"path": "fd://f"})
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "100000", b"")


def test_a_file_is_shown_as_what_it_is_and_never_run(files):
    for name, type_ in {
        "a.png": "image/png", "a.csv": "text/csv", "a.json": "application/json", "a.txt": "text/plain",
        "a.html": "application/octet-stream", "a.svg": "application/octet-stream", "a.js": "application/octet-stream",
        "a.xml": "application/octet-stream", "a.parquet": "application/octet-stream", "a": "application/octet-stream",
    }.items():  # fmt: skip
        files.put_file(f"fd://{name}", b"<script>alert(1)</script>")
        headers = files.get_file(f"fd://{name}").headers
        assert headers["content-type"] == type_
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "sandbox"
        assert headers["content-disposition"].startswith("inline" if "/octet" not in type_ else "attachment")


def test_a_file_is_never_sent_in_a_coding(files):
    """A published client writes what comes off the socket to a file, as it comes."""
    files.put_file("fd://a.csv", b"a,b\n" * 10_000)
    assert "content-encoding" not in files.get_file("fd://a.csv", headers={"Accept-Encoding": "gzip, zstd"}).headers


def test_a_temporary_file_has_an_address_of_its_own(files):
    urls = [
        files.post(f"{V1}/files/upload-temp", params={"extension": "csv"}, content=f"{n}".encode()).json()
        for n in range(2)
    ]
    assert [files.get_file(url).text for url in urls] == ["0", "1"]
    assert all(url.startswith("fd://headrace-temporary/") and url.endswith(".csv") for url in urls)
    assert files.ls() == []
    assert sorted(files.ls("fd://headrace-temporary")) == sorted(urls)
    plain = files.post(f"{V1}/files/upload-temp", content=b"").json()
    assert files.get_file(plain).content == b""
    for wrong in ("../x", "a/b", "x" * 60, "a\0"):
        assert files.post(f"{V1}/files/upload-temp", params={"extension": wrong}, content=b"").status_code == 422


def test_an_address_is_written_out_by_resolve(files):
    resolve = lambda path: files.post(f"{V1}/files/resolve", params={"path": path})  # noqa: E731
    assert resolve("fd:///a//b").json() == "fd://a/b"
    assert resolve("fd://").json() == "fd://"
    assert resolve("s3://somebody/else").status_code == 422


@pytest.mark.parametrize("path", ["s3://bucket/key", "gs://bucket/key", "https://example.org/x", "ftp://x/y"])
def test_what_is_elsewhere_is_said_to_be_elsewhere(files, path):
    for refused in (files.put_file(path, b"1"), files.get_file(path), files.rm(path)):
        assert refused.status_code == 422
        assert "fd://" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["file:///etc/passwd", "file:///", "/etc/passwd", "relative", "", "fd:", "fd:/x"])
def test_what_is_no_address_is_said_to_be_none(files, path):
    assert files.get_file(path).status_code == 422


def test_files_are_their_owners_alone(files, server):
    from published import Person

    files.put_file("fd://mine/secret", b"mine")
    with server.client(Person(server, "other").key) as other:
        assert other.get(f"{V1}/files/list", params={"path": "fd://"}).json() == []
        assert other.get(f"{V1}/files/get", params={"path": "fd://mine/secret"}).status_code == 404
        assert other.request("DELETE", f"{V1}/files/delete", params={"path": "fd://mine"}).json() is False
    assert files.get_file("fd://mine/secret").content == b"mine"


def test_nobody_reads_or_writes_without_a_key(open_web):
    asked = [
        open_web.get(f"{V1}/files/list", params={"path": "fd://"}),
        open_web.get(f"{V1}/files/get", params={"path": "fd://x"}),
        open_web.put(f"{V1}/files/upload", params={"path": "fd://x"}, content=b"1"),
        open_web.post(f"{V1}/files/upload-temp", content=b"1"),
        open_web.get(f"{V1}/files/sign", params={"path": "fd://x"}),
        open_web.get(f"{V1}/files/sign-upload", params={"path": "fd://x", "content_length": 1}),
        open_web.request("DELETE", f"{V1}/files/delete", params={"path": "fd://x"}),
        open_web.post(f"{V1}/files/resolve", params={"path": "fd://x"}),
    ]
    assert [one.status_code for one in asked] == [401] * len(asked)


def test_a_signed_url_opens_its_file_to_anyone(files, open_web):
    data, name = os.urandom(1000), f"{uuid.uuid4()} é.bin"
    files.put_file(f"fd://s/{name}", data)
    url = files.get(f"{V1}/files/sign", params={"path": f"fd://s/{name}"}).json()
    assert url.endswith(quote(name))
    got = open_web.get(url)
    assert (got.content, got.headers["referrer-policy"]) == (data, "no-referrer")
    assert open_web.get(url, headers={"Range": "bytes=1-2"}).content == data[1:3]
    signed = files.get(f"{V1}/files/sign_prefix", params={"path": "fd://s"}).json()
    assert {path: open_web.get(one).content for path, one in signed.items()} == {f"fd://s/{name}": data}


def test_a_form_takes_its_file_from_anyone(files, open_web):
    data = os.urandom(2_500_000)
    asked = {"path": "fd://form/a b.bin", "content_length": len(data)}
    form = files.get(f"{V1}/files/sign-upload", params=asked).json()
    assert open_web.post(form["url"], data=form["fields"], files={"file": data}).status_code == 204
    assert files.get_file("fd://form/a b.bin").content == data
    kept = files.get(f"{V1}/files/sign-upload-temp", params={"content_length": 0, "extension": "csv"}).json()
    post = kept["signed_post"]
    assert open_web.post(post["url"], data=post["fields"], files={"file": b""}).status_code == 204
    assert files.get_file(kept["storage_url"]).content == b""
