"""Bytes of files under a number that nobody can read any more: expired, given up, or left by a killed server."""

from datetime import datetime
from itertools import groupby, islice

from headrace.db import files as rows
from headrace.db.engine import Database
from headrace.model.upload import COMING, KEPT, State, is_blob, made_at
from headrace.store.blobs import Blobs

STEP = 500  # files in one transaction


def expire(db: Database, blobs: Blobs, now: datetime) -> int:
    """Delete the bytes of files whose time is over; what is known of them stays. How many there were.

    The row goes first: what a server that is killed in between leaves in the store, `sweep` finds.
    """
    gone = 0
    while True:
        with db.read() as connection:
            expired = rows.list_expired(connection, now, STEP)
        if not expired:
            return gone
        with db.begin() as connection:
            for upload in expired:
                rows.update(connection, upload, state=State.EXPIRED, blob=None, sizes=None)
        for upload in expired:
            if upload.blob is not None:
                blobs.delete_all([key for key, _, _ in blobs.list(upload.blob)])
        gone += len(expired)


def sweep(db: Database, blobs: Blobs, before: float) -> int:
    """Delete what was kept before that moment (seconds since 1970) and belongs to no file. How many prefixes went."""
    gone = 0
    # Stores list the keys of a prefix one after the other, so that not all of them are held at once.
    prefixes = (
        (blob, max(changed for _, _, changed in found))
        for blob, found in groupby(blobs.list(KEPT), key=lambda item: _prefix(item[0]))
        if is_blob(blob)
    )
    while step := list(islice(prefixes, STEP)):
        # Its name tells when it was begun; parts that became a file carry the time at which they were uploaded.
        old = [blob for blob, changed in step if max(changed, made_at(blob).timestamp()) < before]
        with db.read() as connection:
            known = rows.known(connection, old)
        for blob in old:
            if blob not in known:
                blobs.delete_all([key for key, _, _ in blobs.list(blob)])
                gone += 1
    return gone


def give_up(blobs: Blobs, before: float) -> int:
    """Delete the parts of uploads to which none came since that moment. How many uploads."""
    last: dict[str, float] = {}
    for key, _, changed in blobs.list(COMING):
        last[_prefix(key)] = max(last.get(_prefix(key), 0), changed)
    old = [blob for blob, changed in last.items() if changed < before]
    for blob in old:
        blobs.delete_all([key for key, _, _ in blobs.list(blob)])
    return len(old)


def _prefix(key: str) -> str:
    return key.rpartition("/")[0]
