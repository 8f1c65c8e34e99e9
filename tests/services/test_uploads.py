"""Files under a number on either database: what expires goes, what is killed leaves nothing half visible."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

import factories as make
from headrace.db import files as rows
from headrace.errors import Conflict, Forbidden, NotFound
from headrace.model.page import Page
from headrace.model.upload import State, fresh_blob, key_of, made_at, spans
from headrace.services import accounts, changes, uploads
from headrace.services.call import Call
from headrace.services.handover import Handover, key_field
from headrace.services.usage import measure, open_quota
from headrace.work import uploads as sweeping

NOW = datetime.now(UTC)


@pytest.fixture
def admin(platform, home):
    """The administrator with their key, since what is signed ends with its key."""
    return Call(platform, accounts.authenticate(platform, (home / "admin.key").read_text().strip()))


@pytest.fixture
def handover(platform):
    return Handover(platform, open_quota(platform))


def announced(call, *, parts=None, expires_at=None, name="f.csv"):
    return uploads.announce(call, name=name, expires_at=expires_at, parts=parts)


def somebody(platform, admin):
    """A user with a key of their own."""
    user = make.user(admin, "Ada")
    return Call(platform, accounts.authenticate(platform, accounts.create_key(admin, user.id, "laptop")[1]))


async def _pieces(data):
    yield data


def post(handover, call, upload, data: bytes) -> None:
    async def go():
        slip = await handover.admit(uploads.sign_form(call, upload), "POST")
        await handover.keep_file(slip, key_field(upload), _pieces(data), None)

    asyncio.run(go())


def put(handover, call, upload, number: int, data: bytes) -> None:
    signature = uploads.sign_parts(call, upload, str)[number - 1]

    async def go():
        await handover.keep_part(await handover.admit(signature, "PUT"), _pieces(data), len(data))

    asyncio.run(go())


def read(handover, call, upload_id: int) -> bytes:
    async def go():
        outgoing = await handover.open(uploads.sign_download(call, uploads.get_file(call, upload_id)))
        return b"".join([piece async for piece in outgoing.read(0, outgoing.size)])

    return asyncio.run(go())


def stored(platform) -> set[str]:
    return {key for prefix in ("kept", "coming") for key, _, _ in platform.blobs.list(prefix)}


def uploaded(handover, call, data=b"12345", **more):
    upload = announced(call, **more)
    post(handover, call, upload, data)
    return uploads.get_file(call, upload.id)


def test_what_expires_loses_its_bytes_and_stays_known(platform, admin, handover):
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    goes, stays, never = (uploaded(handover, admin, expires_at=at) for at in (soon, late, None))
    empty, parts = announced(admin, expires_at=soon), announced(admin, expires_at=soon, parts=2)
    put(handover, admin, parts, 1, b"1")
    assert sweeping.expire(platform.db, platform.blobs, soon + timedelta(seconds=1)) == 3
    assert sweeping.expire(platform.db, platform.blobs, soon + timedelta(seconds=1)) == 0
    for gone in (goes, empty, parts):
        known = uploads.get_file(admin, gone.id)
        assert (known.state, known.blob, known.name) == (State.EXPIRED, None, "f.csv")
        assert uploads.sign_download(admin, known) is None
    assert uploads.get_file(admin, goes.id).size == 5
    assert stored(platform) == {key_of(kept.blob, 1) for kept in (stays, never)}
    for ask in (
        lambda: uploads.complete(admin, parts.id),
        lambda: put(handover, admin, parts, 2, b"2"),
        lambda: uploads.update_file(admin, goes.id, expires_at=None),
    ):
        with pytest.raises((Conflict, IndexError)):
            ask()
    with pytest.raises(Conflict, match="expired"):
        post(handover, admin, empty, b"1")


def test_a_file_whose_time_is_over_cannot_be_read_even_before_it_is_swept(platform, admin, handover):
    upload = uploaded(handover, admin, expires_at=datetime.now(UTC) + timedelta(hours=1))
    signature = uploads.sign_download(admin, upload)
    asyncio.run(handover.open(signature))
    with platform.db.begin() as connection:
        rows.update(connection, upload, expires_at=datetime.now(UTC))
    with pytest.raises(NotFound):
        asyncio.run(handover.open(signature))
    assert uploads.sign_download(admin, uploads.get_file(admin, upload.id)) is None


def test_what_belongs_to_no_file_is_swept_once_it_is_old(platform, admin, handover):
    kept = uploaded(handover, admin)
    lost = fresh_blob(NOW - timedelta(hours=3))
    platform.blobs.put(key_of(lost, 1), b"1")
    fresh = fresh_blob(NOW)  # of an upload that is under way
    platform.blobs.put(key_of(fresh, 1), b"1")
    hour = time.time() - 3600
    assert sweeping.sweep(platform.db, platform.blobs, hour) == 0  # written just now, whatever its name says
    for blob in (lost, fresh, kept.blob):
        os.utime(platform.settings.home / "store" / key_of(blob, 1), (hour - 60, hour - 60))
    assert sweeping.sweep(platform.db, platform.blobs, hour) == 1
    assert stored(platform) == {key_of(kept.blob, 1), key_of(fresh, 1)}
    assert read(handover, admin, kept.id) == b"12345"
    assert abs(made_at(fresh) - NOW) < timedelta(seconds=1)


def test_parts_that_no_other_joins_are_given_up(platform, admin, handover):
    left, lively = announced(admin, parts=2), announced(admin, parts=2)
    for upload in (left, lively):
        for number in (1, 2):
            put(handover, admin, upload, number, b"1")
    old = time.time() - 1000
    for key in (key_of(left.blob, 1), key_of(left.blob, 2), key_of(lively.blob, 1)):
        os.utime(platform.settings.home / "store" / key, (old, old))
    assert sweeping.give_up(platform.blobs, old + 500) == 1
    uploads.complete(admin, lively.id)
    with pytest.raises(Conflict, match=r"Parts 1 to 2 of 2 are missing"):
        uploads.complete(admin, left.id)
    for number in (1, 2):  # and may be sent again
        put(handover, admin, left, number, b"%d" % number)
    uploads.complete(admin, left.id)
    assert read(handover, admin, left.id) == b"12"


def test_of_completions_at_the_same_moment_one_does_it_and_none_is_harmed(platform, admin, handover):
    upload = announced(admin, parts=8)
    for number in range(1, 9):
        put(handover, admin, upload, number, b"%d" % number)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: uploads.complete(admin, upload.id), range(6))) == [None] * 6
    assert read(handover, admin, upload.id) == b"12345678"
    assert len(stored(platform)) == 8
    done = [one for one in changes.list_changes(admin, Page(limit=100), kind="file").items if one.action == "upload"]
    assert len(done) == 1


def test_every_change_is_written_down_with_who_did_it(platform, admin, handover):
    upload = uploaded(handover, admin, expires_at=NOW + timedelta(days=1))
    uploads.update_file(admin, upload.id, name="g.csv")
    uploads.delete_file(admin, upload.id)
    found = changes.list_changes(admin, Page(limit=100), kind="file").items
    assert [one.action for one in found] == ["delete", "update", "upload", "create"]
    assert {one.user_id for one in found} == {admin.user.id}
    assert (found[1].before, found[1].after) == ({"name": "f.csv"}, {"name": "g.csv"})
    assert stored(platform) == set()


def test_an_owner_is_charged_for_what_is_theirs_now(platform, admin, handover):
    ada = somebody(platform, admin)
    upload = uploaded(handover, ada, data=bytes(10_000))
    parts = announced(ada, parts=2)
    put(handover, ada, parts, 1, bytes(20_000))
    assert measure(platform, ada.user.id) == 30_000
    with platform.db.begin() as connection:
        rows.update(connection, upload, owner_id=admin.user.id)
    assert (measure(platform, ada.user.id), measure(platform, admin.user.id)) == (20_000, 10_000)


def test_a_signature_ends_with_the_account_and_the_permission(platform, admin, handover):
    ada = somebody(platform, admin)
    upload = uploaded(handover, ada)
    signature = uploads.sign_download(ada, upload)
    with platform.db.begin() as connection:
        rows.update(connection, upload, owner_id=admin.user.id)
    with pytest.raises(Forbidden, match="no longer"):
        asyncio.run(handover.open(signature))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([1], "1"), ([1, 2], "1 to 2"), ([1, 3], "1 and 3"), ([1, 2, 3, 7, 9], "1 to 3, 7 and 9"),
        (list(range(1, 10_001)), "1 to 10000"),
        (list(range(0, 40, 2)), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18 and 10 more"),
    ],
)  # fmt: skip
def test_numbers_are_said_in_few_words(numbers, words):
    assert spans(numbers) == words


COMPLETE = """
import asyncio, sys
from itertools import count
from headrace import settings
from headrace.server import open_platform
from headrace.services import accounts, uploads
from headrace.services.call import Call
from headrace.services.handover import Handover, key_field
from headrace.services.usage import open_quota

platform = open_platform(settings.load({"HEADRACE_HOME": sys.argv[1], "HEADRACE_DATABASE_URL": sys.argv[2]}))
call = Call(platform, accounts.authenticate(platform, (platform.settings.home / "admin.key").read_text().strip()))

async def pieces(data):
    yield data

async def go():
    handover = Handover(platform, open_quota(platform))
    for n in count():
        upload = uploads.announce(call, name=f"{n}", expires_at=None, parts=30)
        for signature in uploads.sign_parts(call, upload, str):
            slip = await handover.admit(signature, "PUT")
            await handover.keep_part(slip, pieces(b"%06d" % n), 6)
        print("parts", upload.id, n, flush=True)
        uploads.complete(call, upload.id)
        print("whole", upload.id, n, flush=True)
        single = uploads.announce(call, name=f"{n}", expires_at=None)
        slip = await handover.admit(uploads.sign_form(call, single), "POST")
        await handover.keep_file(slip, key_field(single), pieces(b"%06d" % n), None)
        print("whole", single.id, n, flush=True)

asyncio.run(go())
"""


@pytest.mark.parametrize("wait", [0, 0.004])
def test_a_server_that_is_killed_while_it_completes_leaves_whole_files_or_parts(
    platform, admin, home, database_url, handover, wait
):
    command = [sys.executable, "-c", COMPLETE, str(home), database_url]
    whole, parts = {}, {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as working:
        for line in working.stdout:
            kind, number, n = line.split()
            (whole if kind == "whole" else parts)[int(number)] = int(n)
            if kind == "parts" and n == "3":
                time.sleep(wait)
                os.kill(working.pid, signal.SIGKILL)
    for number, n in whole.items():
        data = read(handover, admin, number)
        assert data in {b"%06d" % n, b"%06d" % n * 30}
    for number, n in parts.items():
        uploads.complete(admin, number)  # again, or for the first time
        assert read(handover, admin, number) == b"%06d" % n * 30
    os_time = time.time() + 7200
    sweeping.sweep(platform.db, platform.blobs, os_time)
    sweeping.give_up(platform.blobs, os_time)
    with platform.db.read() as connection:
        found = [rows.find(connection, number) for number in range(1, 100)]
    known = {one.blob: one for one in found if one and one.blob}
    for key in stored(platform):
        assert key.rpartition("/")[0] in known
    for upload in known.values():
        if upload.state is State.WHOLE:
            assert len(read(handover, admin, upload.id)) == upload.size
