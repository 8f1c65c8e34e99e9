"""Stored results."""

import os
import threading
import timeit
from hashlib import sha256

import msgspec
import pytest

from headrace.model.result import Timing
from headrace.store.blobs import Blobs
from headrace.store.results import BLOCK, OVERHEAD, PART, Part, Results, Stored, header, unpacked

MB = 1 << 20


def key(n: object) -> str:
    return sha256(str(n).encode()).hexdigest()


def result(body: bytes = b"body", created: float = 1000.0, **fields) -> Stored:
    values = {"media_type": "text/csv", "format": "csv", "run_uid": "u", "etag": '"e"', **fields}
    return Stored(body=body, created=created, **values)


def packed(stored: Stored) -> bytes:
    """A result as one object."""
    return header(stored) + stored.body


@pytest.fixture
def make(folder):
    """Results over one folder, as many servers over it as one likes."""
    return lambda memory=MB, disk=100 * MB: Results(Blobs(folder), memory_bytes=memory, disk_bytes=disk)


def test_a_result_is_served_again_until_it_is_too_old(make):
    results, stored = make(), result(created=1000)
    results.remember(key(1), stored)
    assert results.get(key(1), 10, 1010) is stored
    assert results.get(key(1), 10, 1010.1) is None
    assert results.get(key(1), 20, 1010.1) is stored
    assert results.get(key(2), 10, 1000) is None


def test_a_result_outlives_the_server(make):
    stored = result(
        b"\0\xff" * 1000,
        headers=(("x", "y"),),
        stdout="out",
        stderr="err",
        timing=Timing(user=12.5),
        job_id=7,
        size=2000,
    )
    make().store(key(1), stored)
    later = make()
    assert later.get(key(1), 1e9, 1000) is None
    assert later.load(key(1)) == stored
    assert later.get(key(1), 1e9, 1000) == stored
    assert later.load(key(2)) is None


def test_an_empty_result_is_a_result(make):
    make().store(key(1), result(b""))
    assert make().load(key(1)) == result(b"")


def test_results_are_kept_in_any_store(blobs):
    first, second = (Results(blobs, memory_bytes=0, disk_bytes=2 * MB) for _ in range(2))
    bodies = {n: bytes([n]) * 400_000 for n in range(6)}
    for n, body in bodies.items():
        first.store(key(n), result(body))
    assert [n for n in bodies if first.load(key(n))] == [1, 2, 3, 4, 5]
    second.index()
    assert second.gauges() == first.gauges()
    assert second.load(key(5)).body == bodies[5]


@pytest.mark.parametrize("keep", [0, 3, 8, 50, -1])
def test_an_object_that_was_cut_short_is_no_result_and_goes(make, folder, keep):
    make().store(key(1), result(b"x" * 1000))
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:keep])
    results = make()
    assert results.load(key(1)) is None
    assert not path.exists()
    results.store(key(1), result())
    assert results.load(key(1)).body == b"body"


@pytest.mark.parametrize(
    "data", [b"", b"HR0\n" + b"x" * 100, b"HR1\n\xff\xff\xff\xff", b"HR1\n\0\0\0\1\xc1", b"HR1\n\0\0\0\0"]
)
def test_what_is_no_stored_result_is_not_read_as_one(data):
    assert unpacked(data) is None


def test_one_that_is_longer_than_it_was_is_no_result():
    assert unpacked(packed(result()) + b"x") is None
    assert unpacked(packed(result())).body == b"body"


def test_memory_has_a_bound_and_the_least_used_go_first(make):
    results = make(memory=10 * (OVERHEAD + 1000))
    for n in range(10):
        results.remember(key(n), result(b"x" * 1000))
    results.get(key(0), 1e9, 1000)
    for n in range(10, 14):
        results.remember(key(n), result(b"x" * 1000))
    kept = [n for n in range(14) if results.get(key(n), 1e9, 1000)]
    assert kept == [0, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert results.gauges()["results_in_memory_bytes"] <= 10 * (OVERHEAD + 1000)


def test_the_same_key_again_counts_once(make):
    results = make()
    for n in range(100):
        results.remember(key(1), result(b"x" * (n * 1000)))
        results.store(key(1), result(b"x" * (n * 1000)))
    gauges = results.gauges()
    assert (gauges["results_in_memory"], gauges["results_in_store"]) == (1, 1)
    assert 99_000 < gauges["results_in_memory_bytes"] < 99_000 + 2 * OVERHEAD
    assert 99_000 < gauges["results_in_store_bytes"] < 99_000 + 2 * BLOCK


def test_what_is_large_for_the_memory_is_kept_in_the_store_alone(make):
    results, large = make(memory=MB), result(b"x" * MB)
    results.remember(key(1), large)
    results.store(key(1), large)
    assert results.get(key(1), 1e9, 1000) is None
    assert results.load(key(1)).body == large.body


def test_the_store_has_a_bound_and_the_least_used_go_first(make, folder):
    results = make(disk=10 * 110_000)
    for n in range(9):
        results.store(key(n), result(b"x" * 100_000))
    results.load(key(0))
    for n in range(9, 14):
        results.store(key(n), result(b"x" * 100_000))
    kept = [n for n in range(14) if results.load(key(n))]
    assert 0 in kept
    assert kept[1:] == list(range(14))[-len(kept) + 1 :]
    assert 8 <= len(kept) <= 10
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 10 * 110_000


def test_a_restarted_server_keeps_to_the_bound_of_what_it_finds(make, folder):
    first = make()
    for n in range(10):
        first.store(key(n), result(b"x" * 100_000))
    second = make(disk=5 * 110_000)
    second.index()
    assert second.gauges()["results_in_store"] == 5
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 5
    third = make()
    third.store(key("new"), result())
    third.index()
    assert third.gauges()["results_in_store"] == 6


def test_without_a_bound_of_any_size_nothing_is_kept(make, folder):
    results = make(memory=0, disk=0)
    results.remember(key(1), result())
    results.store(key(1), result())
    results.index()
    assert (results.get(key(1), 1e9, 1000), results.load(key(1))) == (None, None)
    assert list(folder.iterdir()) == []


def test_a_store_that_is_away_costs_a_result_and_not_an_answer(make, folder):
    results = make()
    results.store(key(1), result())
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    folder.write_text("a file where the folder was")
    assert results.load(key(1)) is None
    results.store(key(2), result())
    assert results.load(key(2)) is None


def test_many_threads_store_and_load_at_once(make):
    results = make(memory=20 * (OVERHEAD + 10_000), disk=50 * (BLOCK + 10_300))
    results.index()
    bodies = [bytes([n]) * 10_000 for n in range(100)]
    wrong = []

    def use(start: int) -> None:
        for m in range(100):
            n = (start * 13 + m * 7) % 100
            stored = results.get(key(n), 1e9, 1000) or results.load(key(n))
            if stored is None:
                results.remember(key(n), result(bodies[n]))
                results.store(key(n), result(bodies[n]))
            elif stored.body != bodies[n]:
                wrong.append(n)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    gauges = results.gauges()
    assert 0 <= gauges["results_in_memory_bytes"] <= 20 * (OVERHEAD + 10_000)
    assert 0 <= gauges["results_in_store_bytes"] <= 50 * (BLOCK + 10_300)


def test_a_hit_in_memory_costs_next_to_nothing(make):
    results = make(memory=100 * MB)
    for n in range(1000):
        results.remember(key(n), result())
    wanted = key(500)
    seconds = min(timeit.repeat(lambda: results.get(wanted, 1e9, 1000), number=10_000, repeat=5)) / 10_000
    assert seconds < 10e-6  # 0.3 on a quiet machine


def test_what_is_kept_of_a_result_has_no_field_that_is_forgotten():
    stored = result(b"x", stdout="o", stderr="e", headers=(("a", "b"),), job_id=1, timing=Timing(load=1), size=1)
    assert unpacked(packed(stored)) == stored
    assert all(getattr(stored, field.name) for field in msgspec.structs.fields(Stored))


def test_a_large_result_is_written_and_read_in_parts(make):
    body = bytes(range(256)) * (PART // 64)
    make().store(key(1), result(memoryview(body)))
    read = make().load(key(1)).body
    assert isinstance(read, Part)
    assert len(read) == len(body)
    for wanted in (slice(0, 10), slice(PART - 5, PART + 5), slice(-7, None), slice(5, 5), slice(None)):
        assert read[wanted] == body[wanted]


def test_a_large_result_that_was_cut_short_is_no_result(make, folder):
    results = make()
    results.store(key(1), result(memoryview(bytes(4 * PART))))
    file = next(path for path in folder.rglob("*") if path.is_file())
    os.truncate(file, file.stat().st_size - 1)
    assert make().load(key(1)) is None


def grouped(group: str, rest: object, *tile: int) -> str:
    return "-".join([sha256(group.encode()).hexdigest()[:48], key(rest)[:48], *map(str, tile)])


def test_results_are_dropped_by_group_and_by_tile(make):
    results, other = make(), make()
    mine = [grouped("mine", n) for n in range(3)] + [grouped("mine", n, 3, n, 0) for n in range(3)]
    theirs = [grouped("theirs", 0), grouped("theirs", 0, 3, 0, 0)]
    for one in [*mine, *theirs]:
        results.remember(one, result())
        # What another server put there goes too, and what this one has not yet learned of.
        other.store(one, result())
    group = mine[0].partition("-")[0]
    assert results.drop(group, [(3, 0, 0), (3, 1, 1)]) == 1
    assert results.get(mine[3], 1e9, 1000) is None
    assert results.load(mine[3]) is None
    assert results.drop(group) == 5
    for gone in mine:
        assert (results.get(gone, 1e9, 1000), results.load(gone)) == (None, None)
    assert all(results.load(kept) for kept in theirs)
    assert results.drop(group) == 0


def test_dropping_leaves_the_books_in_order(make):
    results = make()
    for n in range(10):
        results.remember(grouped("mine", n), result())
        results.store(grouped("mine", n), result())
    assert results.drop(grouped("mine", 0).partition("-")[0]) == 10
    assert set(results.gauges().values()) == {0}
