"""Bytes by key."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
import time

import httpx
import pytest

from headrace.errors import Busy, Conflict, Invalid, NotFound, Unavailable
from headrace.store.blobs import Blobs


def test_bytes_are_read_as_they_were_put(blobs):
    data = os.urandom(3 << 20)
    blobs.put("results/ab/abcd", data)
    assert blobs.get("results/ab/abcd") == data
    assert blobs.get_range("results/ab/abcd", 1 << 20, 100) == data[1 << 20 :][:100]
    assert blobs.size("results/ab/abcd") == len(data)
    blobs.put("results/ab/abcd", b"")
    assert blobs.get("results/ab/abcd") == b""


def test_what_is_not_there_is_not_found(blobs):
    blobs.put("a/b", b"1")
    for key in ("nothing", "a", "a/b2"):
        for ask in (blobs.get, blobs.size, lambda key: blobs.get_range(key, 0, 1)):
            with pytest.raises(NotFound, match=key):
                ask(key)


def test_a_deleted_key_is_gone_and_may_be_deleted_again(blobs):
    blobs.put("a/b", b"1")
    blobs.delete("a/b")
    blobs.delete("a/b")
    with pytest.raises(NotFound):
        blobs.get("a/b")


def test_a_list_holds_what_is_under_a_prefix(blobs):
    before = time.time()
    for key, data in (("a/1", b"1"), ("a/x/2", b"22"), ("ab/3", b"333")):
        blobs.put(key, data)
    listed = sorted(blobs.list("a"))
    assert [(key, size) for key, size, _ in listed] == [("a/1", 1), ("a/x/2", 2)]
    assert all(abs(changed - before) < 60 for *_, changed in listed)
    assert list(blobs.list("nothing")) == []
    blobs.sweep(before + 60)
    assert len(list(blobs.list("a"))) == 2


@pytest.mark.parametrize("key", ["a", "a b", "A-z_0.9", "é/漢字", "x=1@2+3~4", "a..b", "x" * 200])
def test_every_allowed_key_is_found_and_listed_under_its_own_name(blobs, key):
    blobs.put(f"p/{key}", b"1")
    assert blobs.get(f"p/{key}") == b"1"
    assert [listed for listed, *_ in blobs.list("p")] == [f"p/{key}"]


ESCAPES = ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a//b", "a/", "nul\0", "a\nb", "a\\b"]


@pytest.mark.parametrize("key", [*ESCAPES, "a%2fb", "a%00", "x" * 201, "é" * 101, "a/" * 600 + "b", "a?b", "a#1"])
def test_a_key_that_could_lead_elsewhere_is_refused(blobs, folder, key):
    for ask in (lambda: blobs.put(key, b"1"), lambda: blobs.get(key), lambda: blobs.delete(key)):
        with pytest.raises(Invalid):
            ask()
    with pytest.raises(Invalid):
        list(blobs.list(key))
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_reader_never_sees_half_of_what_is_put(blobs):
    whole = {bytes([n]) * (1 << 20) for n in range(2)}
    blobs.put("a", next(iter(whole)))
    done = threading.Event()

    def put() -> None:
        for _ in range(20):
            for data in whole:
                blobs.put("a", data)
        done.set()

    writing = threading.Thread(target=put)
    writing.start()
    reads = 0
    while not done.is_set():
        assert blobs.get("a") in whole
        reads += 1
    writing.join()
    assert reads > 5


PUT = """
import sys
from pathlib import Path
from itertools import count
from headrace.store.blobs import Blobs

blobs = Blobs(Path(sys.argv[1]))
for n in count():
    blobs.put(f"a/{n % 5}", bytes([n % 251]) * 2_000_000)
    print(n, flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_objects(folder):
    blobs = Blobs(folder)
    with subprocess.Popen([sys.executable, "-c", PUT, str(folder)], stdout=subprocess.PIPE, text=True) as putting:
        for line in putting.stdout:
            if line == "12\n":
                os.kill(putting.pid, signal.SIGKILL)
    found = list(blobs.list("a"))
    assert {size for _, size, _ in found} == {2_000_000}
    assert sorted(key for key, *_ in found) == [f"a/{n}" for n in range(5)]
    for key, *_ in found:
        assert len(set(blobs.get(key))) == 1


def test_what_a_killed_writer_left_is_swept_up_and_nothing_else(folder):
    blobs = Blobs(folder)
    blobs.put("a/b", b"1")
    left, under_way = folder / "a" / "b#1", folder / "a" / "c#2"
    for path, written in ((left, 1000), (under_way, 3000), (folder / "a" / "b", 1000)):
        path.write_bytes(b"1")
        os.utime(path, (written, written))
    blobs.sweep(2000)
    assert sorted(path.name for path in (folder / "a").iterdir()) == ["b", "c#2"]


def test_a_folder_is_its_owners_alone(folder):
    Blobs(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("url", ["nonsense", "foo://bucket", "s3://"])
def test_what_is_no_address_of_a_store_is_refused(url):
    with pytest.raises(Invalid, match="HEADRACE_STORE_URL"):
        Blobs(url)


def test_a_store_that_does_not_answer_is_said_to_be_away_soon(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    blobs = Blobs("s3://bucket")
    began = time.monotonic()
    for ask in (lambda: blobs.get("a"), lambda: blobs.put("a", b"1"), lambda: list(blobs.list("a"))):
        with pytest.raises(Unavailable, match="store does not answer"):
            ask()
    assert time.monotonic() - began < 30


async def _pieces(*pieces, wrong: Exception | None = None):
    for piece in pieces:
        yield piece
    if wrong:
        raise wrong


def _read(blobs, key: str, start: int = 0, stop: int | None = None) -> bytes:
    async def go() -> bytes:
        blob = await blobs.find(key)
        return b"".join([p async for p in blobs.read(blob, start, blob.size if stop is None else stop)])

    return asyncio.run(go())


def _write(blobs, key: str, *pieces, wrong: Exception | None = None) -> None:
    async def go() -> None:
        await blobs.write(key, _pieces(*pieces, wrong=wrong))

    asyncio.run(go())


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (8 << 20) + 1, 20 << 20])
def test_what_is_written_in_pieces_is_read_in_pieces(blobs, size):
    data = os.urandom(size)
    _write(blobs, "a/b", *(data[at : at + 300_000] for at in range(0, size, 300_000)))
    assert _read(blobs, "a/b") == data
    assert _read(blobs, "a/b", size // 3, size // 2) == data[size // 3 : size // 2]
    assert blobs.size("a/b") == size


@pytest.mark.parametrize("size", [10, 3 << 20, 30 << 20])
def test_what_does_not_arrive_whole_is_not_there_and_what_was_there_stays(blobs, folder, size):
    blobs.put("a/kept", b"before")
    for key in ("a/kept", "a/new"):
        with pytest.raises(Busy):
            _write(blobs, key, *[bytes(1 << 20)] * (size >> 20), b"rest", wrong=Busy())
    assert blobs.get("a/kept") == b"before"
    assert [key for key, *_ in blobs.list("a")] == ["a/kept"]
    assert not folder.exists() or [path.name for path in folder.rglob("*#*")] == []


def test_what_is_replaced_while_it_is_read_is_not_mixed_with_what_replaced_it(blobs):
    blobs.put("a", bytes(5 << 20))

    async def go() -> bytes:
        blob = await blobs.find("a")
        blobs.put("a", b"1" * (5 << 20))
        return b"".join([p async for p in blobs.read(blob, 0, blob.size)])

    with pytest.raises(Conflict):
        asyncio.run(go())


def test_a_folder_of_keys_is_listed(blobs):
    for key in ("p/a", "p/b/c", "p/b/d/e", "pp/f"):
        blobs.put(key, b"1")
    objects, prefixes = blobs.list_folder("p")
    assert ([one.key for one in objects], prefixes) == (["p/a"], ["p/b"])
    assert blobs.list_folder("nothing") == ([], [])


def test_a_folder_that_a_failed_write_left_empty_is_not_listed(blobs):
    async def breaks_off():
        yield bytes(3 << 20)
        raise RuntimeError("broken off")

    for key in ("p/left/deep/a", "p/left/b"):
        with pytest.raises(RuntimeError, match="broken off"):
            asyncio.run(blobs.write(key, breaks_off()))
    assert blobs.list_folder("p") == ([], [])
    blobs.put("p/left/deep/c", b"1")
    assert blobs.list_folder("p") == ([], ["p/left"])


def test_many_keys_are_deleted_those_that_are_gone_too(blobs):
    keys = [f"p/{n}" for n in range(30)]
    for key in keys[:20]:
        blobs.put(key, b"1")
    blobs.delete_all(keys)
    blobs.delete_all([])
    assert list(blobs.list("p")) == []


def test_a_signed_url_of_an_object_store_reads_the_object(blobs, folder):
    blobs.put("p/a b", b"12345")
    url = blobs.sign("p/a b", 60)
    assert (url is None) == folder.exists()
    if url:
        assert httpx.get(url).content == b"12345"


def test_a_copy_stays_as_it_was_when_its_source_is_replaced(blobs):
    blobs.put("coming/a", b"before")
    blobs.copy("coming/a", "kept/b/a")
    blobs.put("coming/a", b"after")
    assert blobs.get("kept/b/a") == b"before"
    blobs.delete("coming/a")
    assert blobs.get("kept/b/a") == b"before"
    with pytest.raises(NotFound):
        blobs.copy("coming/a", "kept/b/a")
    assert [(one.key, one.size) for one in blobs.scan("kept")] == [("kept/b/a", 6)]
