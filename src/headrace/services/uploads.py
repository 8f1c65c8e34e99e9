"""Files under a number: announced, uploaded by signed URLs in one piece or in parts, read by signed URLs, expiring.

The bytes themselves go through `handover.py`. A file that came in parts stays in parts, read one after the other as
if they were one: completing an upload moves no bytes, however many there are, and a killed server leaves nothing half
done. What parts are completed from is out of reach of the URLs that wrote them.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import files as rows
from headrace.errors import Conflict, Invalid, NotFound
from headrace.model.object import NOUNS, Kind, Level
from headrace.model.upload import MOST_PARTS, Part, State, Upload, coming_blob, fresh_blob, key_of, number_of, spans
from headrace.services import changes, objects, previews
from headrace.services.call import Call, Platform
from headrace.services.quota import too_large
from headrace.services.signatures import Signatures
from headrace.services.usage import require_room
from headrace.store.signing import Purpose

FILE = NOUNS[Kind.FILE]
SIGNED = "signed addresses of files under a number"
LONGEST_LINK = timedelta(hours=36)
COPIES = 8  # at once, of the parts of one upload
INLINE = "inline"


class Progress(Struct, frozen=True, kw_only=True):
    """How far an upload in parts is, with a URL for each part."""

    upload: Upload
    parts: Sequence[Part]  # those that are there
    missing: Sequence[int]
    urls: Sequence[str]  # none once it is whole


def announce(
    call: Call,
    *,
    name: str,
    description: str | None = None,
    expires_at: datetime | None,
    parts: int | None = None,
) -> Upload:
    """A new file of the caller's, whose bytes are to come in one piece, or in so many parts."""
    now = datetime.now(UTC)
    _require_future(expires_at, now)
    values = {"name": name, "description": description, "expires_at": expires_at, "parts": parts}
    if parts is not None and not 1 <= parts <= MOST_PARTS:
        raise Invalid(f"A file comes in 1 to {MOST_PARTS:,} parts; {parts:,} were announced.")
    if parts is not None and is_direct(call.platform):
        require_room(call.platform, call.user.id)
    state = State.EMPTY if parts is None else State.PARTIAL
    with call.platform.db.begin() as connection:
        made = rows.insert(
            connection, owner_id=call.user.id, created_at=now, updated_at=now, state=state, size=0, **values
        )
        if parts is not None:
            rows.update(connection, made, blob=coming_blob(call.user.id, made.id))
        changes.record(connection, call, "create", Kind.FILE, made.id, None, _plain(values), name=name)
        return _find(connection, made.id)


def default_expiry(call: Call) -> datetime:
    """When a file expires of which nobody said anything else."""
    return datetime.now(UTC) + timedelta(days=call.platform.settings.file_days)


def get_file(call: Call, upload_id: int) -> Upload:
    """A file that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, FILE, upload_id)
        return _find(connection, upload_id)


def update_file(call: Call, upload_id: int, **values: Any) -> Upload:  # noqa: ANN401 - name, description, expires_at
    """Change a file that the caller may write.

    Its name keeps its ending, since what reads it goes by that. Raises Conflict for a new time of one that has expired:
    its bytes do not come back.
    """
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        objects.require(connection, call, FILE, upload_id, Level.WRITE)
        before = _find(connection, upload_id)
        if "name" in values and _ending(values["name"]) != _ending(before.name):
            raise Invalid(f"The new name has to end as the old one does: in {_ending(before.name) or 'no extension'}.")
        if "expires_at" in values and values["expires_at"] != before.expires_at:
            if before.expired(now):
                raise Conflict("This file has expired and its bytes are gone; upload it again.")
            _require_future(values["expires_at"], now)
        if not rows.update(connection, before, updated_at=now, **values):
            raise Conflict("This file was changed this moment; ask again.")
        old = _plain({field: getattr(before, field) for field in values})
        changes.record(connection, call, "update", Kind.FILE, upload_id, old, _plain(values), name=before.name)
        return _find(connection, upload_id)


def delete_file(call: Call, upload_id: int) -> None:
    """Delete a file that the caller manages, with its bytes."""
    with call.platform.db.begin() as connection:
        objects.require(connection, call, FILE, upload_id, Level.MANAGE)
        before = _find(connection, upload_id)
        objects.delete(connection, call, FILE, upload_id, {"name": before.name, "size": before.size})
    call.platform.revision.bump()
    if before.blob is not None:
        call.platform.blobs.delete_all([key for key, _, _ in call.platform.blobs.list(before.blob)])


def sign_form(call: Call, upload: Upload) -> str:
    """The signature by which anyone posts the bytes of a file that was announced in one piece."""
    return _sign(call, Purpose.UPLOAD, "POST", str(upload.id), _deadline(call))


def sign_download(call: Call, upload: Upload, until: datetime | None = None, *, inline: bool = False) -> str | None:
    """The signature by which anyone reads a file until that moment; None where there is nothing to read.

    `inline`: browsers show it where they can. Raises Invalid for a moment past LONGEST_LINK, or in the past.
    """
    now = datetime.now(UTC)
    if until is not None and not now < until <= now + LONGEST_LINK:
        raise Invalid("A link expires at a time between now and 36 hours from now.")
    if not upload.readable(now):
        return None
    path = f"{upload.id}/{INLINE}" if inline else str(upload.id)
    return _sign(call, Purpose.DOWNLOAD, "GET", path, None if until is None else int(until.timestamp()))


def get_progress(call: Call, upload_id: int, url: Callable[[str], str]) -> Progress:
    """Which parts of an upload that the caller may write are there, and fresh URLs to send each by.

    `url` makes one of ours from a signature; where parts go to the object store, they are the store's own.
    """
    with call.platform.db.read() as connection:
        objects.require(connection, call, FILE, upload_id, Level.WRITE)
        upload = _find(connection, upload_id)
    if upload.parts is None:
        raise Conflict("This file was announced in one piece; POST /files/multipart announces one in parts.")
    if upload.state is State.WHOLE:
        assert upload.blob is not None
        parts = [Part(number=n, size=size, etag=f'"{upload.blob}-{n}"') for n, size in enumerate(upload.sizes or (), 1)]
        return Progress(upload=upload, parts=parts, missing=(), urls=())
    parts = _parts(call.platform, upload)
    there = {part.number for part in parts}
    missing = [number for number in range(1, upload.parts + 1) if number not in there]
    return Progress(upload=upload, parts=parts, missing=missing, urls=sign_parts(call, upload, url))


def sign_parts(call: Call, upload: Upload, url: Callable[[str], str]) -> Sequence[str]:
    """A URL for each part of an upload, in order, by which anyone PUTs it."""
    if upload.state is not State.PARTIAL or upload.expired(datetime.now(UTC)):
        return ()
    assert upload.blob is not None
    assert upload.parts is not None
    numbers = range(1, upload.parts + 1)
    if is_direct(call.platform):
        keys = [key_of(upload.blob, number) for number in numbers]
        return call.platform.blobs.sign_writes(keys, call.platform.settings.upload_seconds)
    signatures, until = Signatures(call.platform, SIGNED), _deadline(call)
    return [
        url(signatures.sign(call, Purpose.UPLOAD, "PUT", f"{upload.id}/{number}", expires=until)) for number in numbers
    ]


def complete(call: Call, upload_id: int) -> None:
    """Make a file of the parts that have come; nothing happens where that is done.

    Raises Conflict naming the parts that are missing, and TooLarge where they are larger together than a file may be.
    """
    platform = call.platform
    with platform.db.read() as connection:
        objects.require(connection, call, FILE, upload_id, Level.WRITE)
        upload = _find(connection, upload_id)
    if upload.parts is None:
        raise Conflict("This file was announced in one piece; its form is all that is to come.")
    if upload.expired(datetime.now(UTC)):
        raise Conflict("This file has expired; announce it again.")
    if upload.state is State.WHOLE:
        return
    try:
        _join(call, upload, upload.parts)
    except Conflict:
        if (
            get_file(call, upload_id).state is not State.WHOLE
        ):  # of two requests at once, one finds the other's work done
            raise


def preview(call: Call, upload_id: int, delimiter: str | None, *, header: bool | None) -> previews.Table:
    """The first rows of a table of text that the caller may see. Raises Invalid where it is none."""
    upload = get_file(call, upload_id)
    if not upload.readable(datetime.now(UTC)):
        raise previews.Unreadable("This file has no bytes: they have not come, or they have expired.")
    head, at = b"", 0
    assert upload.blob is not None
    for number, size in enumerate(upload.sizes or (), 1):
        if size and len(head) < previews.HEAD:
            length = min(size, previews.HEAD - len(head))
            head += call.platform.blobs.get_range(key_of(upload.blob, number), 0, length)
        at += size
    return previews.read(head, delimiter, header=header, cut=at > len(head))


def is_direct(platform: Platform) -> bool:
    """Whether parts go to the object store itself, not through this server."""
    return platform.settings.files_redirect and platform.blobs.url is not None


def _parts(platform: Platform, upload: Upload) -> list[Part]:
    """The parts that have come, by number."""
    if upload.state is not State.PARTIAL:
        return []
    assert upload.blob is not None
    found = [Part(number=number_of(b.key), size=b.size, etag=b.etag or "") for b in platform.blobs.scan(upload.blob)]
    return sorted(found, key=lambda part: part.number)


def _join(call: Call, upload: Upload, count: int) -> None:
    platform = call.platform
    _require_all(platform, upload, count)
    if is_direct(platform):
        require_room(platform, upload.owner_id)
    blob = fresh_blob(datetime.now(UTC))
    try:
        sizes = _seal(platform, upload, blob, count)
        if count != len(sizes):
            raise Conflict("A part went away this moment; ask which are missing, and send them again.")
        size = sum(sizes)
        _require_size(platform, size)
        with platform.db.begin() as connection:
            values = {"state": State.WHOLE, "blob": blob, "sizes": sizes, "size": size}
            if not rows.update(connection, upload, updated_at=datetime.now(UTC), **values):
                raise Conflict("This file was completed, deleted or expired this moment.")
            after = {"size": size, "parts": count}
            changes.record(connection, call, "upload", Kind.FILE, upload.id, None, after, name=upload.name)
    except BaseException:
        _discard(platform, blob)
        raise
    assert upload.blob is not None
    _discard(platform, upload.blob)


def _require_all(platform: Platform, upload: Upload, count: int) -> None:
    parts = _parts(platform, upload)
    there = {part.number for part in parts}
    if missing := [number for number in range(1, count + 1) if number not in there]:
        words = f"Part {missing[0]}" if len(missing) == 1 else f"Parts {spans(missing)}"
        raise Conflict(
            f"{words} of {count:,} {'is' if len(missing) == 1 else 'are'} missing; send what is, and complete again."
        )
    _require_size(platform, sum(part.size for part in parts))


def _seal(platform: Platform, upload: Upload, blob: str, count: int) -> list[int]:
    """Copy the parts to where no signed URL writes; gives their sizes there."""
    coming = upload.blob

    def copy(number: int) -> None:
        assert coming is not None
        try:
            platform.blobs.copy(key_of(coming, number), key_of(blob, number))
        except NotFound as gone:
            raise Conflict(f"Part {number} went away this moment; ask which are missing.") from gone

    with ThreadPoolExecutor(COPIES if platform.blobs.url else 1) as pool:
        list(pool.map(copy, range(1, count + 1)))
    found = {number_of(one.key): one.size for one in platform.blobs.scan(blob)}
    return [found[number] for number in sorted(found)]


def _discard(platform: Platform, blob: str) -> None:
    platform.blobs.delete_all([key for key, _, _ in platform.blobs.list(blob)])


def _require_size(platform: Platform, size: int) -> None:
    if size > (most := platform.settings.file_mb << 20):
        raise too_large(most)


def _require_future(moment: datetime | None, now: datetime) -> None:
    if moment is not None and moment <= now:
        raise Invalid("A file expires in the future; null is never.")


def _find(connection: Connection, upload_id: int) -> Upload:
    if (found := rows.find(connection, upload_id)) is None:
        raise NotFound(f"There is no file {upload_id} that you may see.")
    return found


def _sign(call: Call, purpose: Purpose, method: str, path: str, expires: int | None) -> str:
    return Signatures(call.platform, SIGNED).sign(call, purpose, method, path, expires=expires)


def _deadline(call: Call) -> int:
    return int(time.time()) + call.platform.settings.upload_seconds


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
