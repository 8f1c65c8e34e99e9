"""`headrace files` as a person types it, and the same by the SDK."""

import io
import os
import pty
import subprocess
import sys
import threading
from contextlib import suppress

import httpx
import pytest

from headrace.client import Client, Failed
from headrace.errors import Invalid


def test_files_go_up_are_listed_come_back_and_go(at_home, tmp_path):
    (tmp_path / "a b.csv").write_text("n\n1\n")
    assert at_home("files", "put", "a b.csv").stdout == "fd://a b.csv: 4 bytes\n"
    assert at_home("files", "put", "a b.csv", "maps/").stdout == "fd://maps/a b.csv: 4 bytes\n"
    assert at_home("files", "put", "a b.csv", "fd://maps/é.csv").stdout == "fd://maps/é.csv: 4 bytes\n"
    assert at_home("files", "ls").stdout == "fd://a b.csv\nfd://maps/\n"
    assert at_home("files", "ls", "maps").stdout == "fd://maps/a b.csv\nfd://maps/é.csv\n"
    assert at_home("files", "get", "maps/é.csv").stdout == "é.csv: 4 bytes\n"
    assert (tmp_path / "é.csv").read_text() == "n\n1\n"
    (tmp_path / "folder").mkdir()
    at_home("files", "get", "maps/é.csv", "folder")
    assert (tmp_path / "folder" / "é.csv").read_text() == "n\n1\n"
    assert at_home("files", "get", "a b.csv", "-").stdout == "n\n1\n"
    assert at_home("files", "rm", "a b.csv").stdout == "a b.csv is deleted.\n"
    assert "unlimited" in at_home("files", "rm", "maps", status=1).stderr
    at_home("files", "rm", "-r", "maps")
    assert at_home("files", "ls").stdout == ""


def test_what_goes_wrong_is_a_sentence(at_home, tmp_path):
    assert "no file fd://nothing of yours" in at_home("files", "get", "nothing", status=1).stderr
    assert not (tmp_path / "nothing").exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".nothing")] == []
    assert "`headrace files ls`" in at_home("files", "rm", "nothing", status=1).stderr
    (tmp_path / "f").write_text("1")
    assert "s3://" in at_home("files", "put", "f", "s3://bucket/x", status=1).stderr
    at_home("files", "put", "f")
    assert "cannot be written" in at_home("files", "get", "f", "no/such/folder", status=1).stderr
    assert "does not answer" in at_home("files", "ls", "--url", "http://127.0.0.1:1", status=1).stderr


def test_a_long_transfer_shows_how_far_it_is(at_home, tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(12 << 20))
    terminal, other = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "120", "TERM": "xterm"}
    shown = bytearray()

    def watch() -> None:
        with suppress(OSError):  # the other end is closed
            while piece := os.read(terminal, 65536):
                shown.extend(piece)

    watching = threading.Thread(target=watch)
    watching.start()
    for words in (("put", "large"), ("get", "large", "back")):
        command = [sys.executable, "-m", "headrace", "files", *words]
        ran = subprocess.run(command, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=other, check=True)
        assert f"{12 << 20:,} bytes".encode() in ran.stdout
    os.close(other)
    watching.join()
    os.close(terminal)
    assert b"large" in shown
    assert b"12.6" in shown  # megabytes
    assert (tmp_path / "back").read_bytes() == (tmp_path / "large").read_bytes()


@pytest.fixture
def client(server, person):
    with Client(server.url, person.key) as one:
        yield one


def test_the_client_keeps_bytes_and_files(client, tmp_path):
    said = []
    data = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(data)
    assert client.files.upload(b"", "empty")["size"] == 0
    assert client.files.upload(tmp_path / "f", "f", lambda *at: said.append(at))["url"] == "fd://f"
    assert client.files.upload(io.BytesIO(data), "fd://stream")["size"] == len(data)
    assert said[-1] == (len(data), len(data))
    assert client.files.read("stream") == data
    assert client.files.download("f", tmp_path / "g") == len(data)
    assert (tmp_path / "g").read_bytes() == data
    assert [one["file_name"] for one in client.files.list()] == ["empty", "f", "stream"]
    assert httpx.get(client.files.sign("f")).content == data
    assert [client.files.delete(one) for one in ("f", "f")] == [True, False]


def test_the_client_says_what_is_wrong(client, tmp_path):
    with pytest.raises(Failed, match="no file") as failed:
        client.files.read("nothing")
    assert failed.value.status == 404
    with pytest.raises(Invalid, match="cannot be read"):
        client.files.upload(tmp_path / "nothing", "x")
    with pytest.raises(Failed, match="no file"):
        client.files.download("nothing", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
