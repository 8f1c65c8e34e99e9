"""The disk that an owner's calls see as /mount, read and written from outside of them.

User code may have put anything there: links to everywhere, pipes that nobody writes, devices, files of a petabyte with
nothing in them, folders in folders without end. So every name is opened from the folder before it, links are not
followed (openat(2), O_NOFOLLOW), nothing is opened for reading before it is known to be a regular file, and nothing
here recurses further than addresses go.
"""

import errno
import os
import secrets
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from headrace.errors import Conflict, Forbidden, HeadraceError, Invalid, NotFound, Unavailable

FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MOST_LISTED = 10_000  # names of one folder
MOST_MEASURED = 200_000  # names of one mount
DEEPEST_MEASURED = 64
REFUSALS = 8  # folders that would not go, before the rest is left to the next sweep
STAGING = ".staging"  # beside the mounts, where no call sees it: files that are not whole, folders that are going

Names = tuple[str, ...]


class Item(Struct, frozen=True, kw_only=True):
    """A name in a folder."""

    name: str
    directory: bool
    size: int | None  # bytes; None for what is no regular file
    modified: datetime


class Mount:
    """The mount of one owner, `<folder>/<owner>`. Its methods block."""

    def __init__(self, folder: Path, owner_id: int) -> None:
        self._folder, self._root = folder, folder / str(owner_id)

    def list(self, names: Names) -> list[Item]:
        """What is in a folder, or the file itself; nothing where there is nothing. Raises Invalid past MOST_LISTED."""
        if not self._root.is_dir():
            return []
        with self._opened(names[:-1]) as parent:
            if names and not stat.S_ISDIR((found := self._stat(parent, names[-1])).st_mode):
                return [_item(names[-1], found)]
            with _entered(parent, names[-1] if names else ".") as folder, os.scandir(folder) as entries:
                items: list[Item] = []
                for entry in entries:
                    if len(items) == MOST_LISTED:
                        raise Invalid(f"This folder has over {MOST_LISTED:,} names, which is more than are listed.")
                    with suppress(FileNotFoundError):
                        items.append(_item(entry.name, entry.stat(follow_symlinks=False)))
        return sorted(items, key=lambda item: item.name)

    def is_file(self, names: Names) -> bool:
        """Whether an address is no folder. Raises NotFound."""
        with self._opened(names[:-1]) as parent:
            return bool(names) and not stat.S_ISDIR(self._stat(parent, names[-1]).st_mode)

    def open(self, names: Names) -> tuple[BinaryIO, Item]:
        """A regular file for reading, and what is known of it. Raises NotFound, and Invalid for anything else."""
        with self._opened(names[:-1]) as parent:
            try:
                # Looking at a pipe or a device does nothing; opening it for reading waits, or acts.
                seen = os.open(names[-1] if names else ".", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            except OSError as wrong:
                raise _told(wrong) from wrong
            try:
                found = os.fstat(seen)
                if not stat.S_ISREG(found.st_mode):
                    raise Invalid("This is no file that can be read: it is a folder, a link, a pipe or a device.")
                return os.fdopen(os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC), "rb"), _item(
                    names[-1], found
                )
            except OSError as wrong:
                raise _told(wrong) from wrong
            finally:
                os.close(seen)

    def stage(self) -> "Staged":
        """A file that is being written, seen by nobody until it is `placed`."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / STAGING).mkdir(exist_ok=True, mode=0o700)
        return Staged(self._folder / STAGING / secrets.token_hex(16), self._root.stat())

    def place(self, staged: "Staged", names: Names) -> None:
        """Put a staged file under its name, in place of what was there, folders on the way too. Raises Conflict."""
        if not names:
            raise Invalid("Name the file: file:///mount/folder/name.")
        with self._opened(names[:-1], make=True) as parent:
            try:
                os.rename(staged.path, names[-1], dst_dir_fd=parent)
            except OSError as wrong:
                raise _told(wrong) from wrong

    def delete(self, names: Names) -> bool:
        """Remove a name with all that is under it, at once. Whether it was there."""
        if not names:
            return sum(self.delete((item.name,)) for item in self.list(())) > 0
        try:
            with self._opened(names[:-1]) as parent:
                if not stat.S_ISDIR(self._stat(parent, names[-1]).st_mode):
                    os.unlink(names[-1], dir_fd=parent)
                    return True
                bin_ = self._folder / STAGING / secrets.token_hex(16)
                bin_.mkdir(parents=True, mode=0o700)
                _unlock(parent, names[-1])
                try:
                    os.rename(names[-1], bin_ / "0", src_dir_fd=parent)
                except OSError:
                    bin_.rmdir()
                    raise
        except NotFound:
            return False
        except OSError as wrong:
            raise _told(wrong) from wrong
        empty(bin_)
        return True

    def is_deeper(self, names: Names, most: int) -> bool:
        """Whether a file lies more than that many names below."""
        with self._opened(names[:-1]) as parent:
            if names and not stat.S_ISDIR(self._stat(parent, names[-1]).st_mode):
                return False
            return _deeper(parent, names[-1] if names else ".", min(most, DEEPEST_MEASURED))

    def measure(self) -> int:
        """What the mount takes up on the disk, in bytes; of the largest ones, the first names that are seen."""
        return measured(self._root)

    @contextmanager
    def _opened(self, names: Names, *, make: bool = False) -> Generator[int]:
        """A folder of the mount, for looking names up in."""
        try:
            here = os.open(self._root, FOLDER)
        except OSError as wrong:
            raise _told(wrong) from wrong
        try:
            for name in names:
                if make:
                    _make(here, name, self._root)
                try:
                    below = os.open(name, FOLDER, dir_fd=here)
                except OSError as wrong:
                    raise _told(wrong) from wrong
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)

    def _stat(self, parent: int, name: str) -> os.stat_result:
        try:
            return os.stat(name, dir_fd=parent, follow_symlinks=False)
        except OSError as wrong:
            raise _told(wrong) from wrong


class Staged:
    """A file on its way; `close` removes what was not placed."""

    def __init__(self, path: Path, like: os.stat_result) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        if os.geteuid() == 0:  # the owner's calls run as another user
            os.fchown(self._file, like.st_uid, like.st_gid)

    def write(self, data: bytes) -> None:
        """Append."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as wrong:
            raise _told(wrong) from wrong

    def close(self) -> None:
        """Forget it, where it has not been placed."""
        os.close(self._file)
        self.path.unlink(missing_ok=True)


def sweep(folder: Path, before: float) -> None:
    """Remove what killed servers left half-written or half-deleted before that moment (seconds since 1970)."""
    with suppress(FileNotFoundError), os.scandir(folder / STAGING) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime >= before:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    empty(Path(entry.path))
                else:
                    Path(entry.path).unlink()


def empty(bin_: Path) -> None:
    """Remove a folder of ours and all in it. Folders in it are first moved up beside it, so that depth costs nothing.

    Code that still writes into one of them is left to do so; the next sweep finds that.
    """
    top = os.open(bin_, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    refusals = 0
    try:
        while refusals < REFUSALS and (waiting := _first_names(top)):
            for name in waiting:
                try:
                    _flatten(top, name)
                except (OSError, HeadraceError):
                    refusals += 1
        with suppress(OSError):
            bin_.rmdir()
    finally:
        os.close(top)


def _flatten(top: int, name: str) -> None:
    """Remove a folder whose folders are moved up beside it."""
    with _entered(top, name) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _unlock(folder, entry.name)
                os.rename(entry.name, secrets.token_hex(16), src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(entry.name, dir_fd=folder)
    os.rmdir(name, dir_fd=top)


def _first_names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, 1000)]


def _make(parent: int, name: str, root: Path) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        return
    except OSError as wrong:
        raise _told(wrong) from wrong
    if os.geteuid() == 0:
        like = root.stat()
        with suppress(OSError):  # code has taken it away already; opening it tells
            os.chown(name, like.st_uid, like.st_gid, dir_fd=parent, follow_symlinks=False)


@contextmanager
def _entered(parent: int, name: str) -> Generator[int]:
    """A folder for reading its names; one that its owner has closed is opened, as that owner could."""
    _unlock(parent, name)
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError as wrong:
        raise _told(wrong) from wrong
    try:
        yield folder
    finally:
        os.close(folder)


def _unlock(parent: int, name: str) -> None:
    with suppress(OSError):
        seen = os.open(name, FOLDER, dir_fd=parent)
        try:
            if not os.access(f"/proc/self/fd/{seen}", os.R_OK | os.W_OK | os.X_OK):
                Path(f"/proc/self/fd/{seen}").chmod(0o700)
        finally:
            os.close(seen)


def _deeper(parent: int, name: str, most: int) -> bool:
    with _entered(parent, name) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if most <= 0 or (entry.is_dir(follow_symlinks=False) and _deeper(folder, entry.name, most - 1)):
                return True
    return False


def measured(folder: Path) -> int:
    """What a folder takes up on the disk, in bytes; of the largest ones, the first names that are seen."""
    try:
        root = os.open(folder, FOLDER)
    except FileNotFoundError:
        return 0
    except OSError as wrong:
        raise _told(wrong) from wrong
    try:
        return sum(_blocks(root, ".", DEEPEST_MEASURED, iter(range(MOST_MEASURED))))
    finally:
        os.close(root)


def _blocks(parent: int, name: str, deepest: int, count: Iterator[int]) -> Iterator[int]:
    with _entered(parent, name) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if next(count, None) is None:
                return
            with suppress(OSError, NotFound, Forbidden):
                found = entry.stat(follow_symlinks=False)
                yield found.st_blocks * 512
                if stat.S_ISDIR(found.st_mode) and deepest:
                    yield from _blocks(folder, entry.name, deepest - 1, count)


def _item(name: str, found: os.stat_result) -> Item:
    return Item(
        name=os.fsencode(name).decode(errors="replace"),
        directory=stat.S_ISDIR(found.st_mode),
        size=found.st_size if stat.S_ISREG(found.st_mode) else None,
        modified=datetime.fromtimestamp(max(0, min(found.st_mtime, 253_402_300_799)), UTC),
    )


def _told(wrong: OSError) -> Exception:
    match wrong.errno:
        case errno.ENOENT:
            return NotFound("There is nothing of that name under file:///mount/.")
        case errno.ENOTDIR | errno.ELOOP:
            return NotFound("This address leads through a link or a file, and neither is gone through.")
        case errno.EACCES | errno.EPERM:
            return Forbidden("The server may not do that with this file; the code that made it has closed it.")
        case errno.EISDIR | errno.ENOTEMPTY | errno.EEXIST:
            return Conflict("There is a folder of that name; a folder and a file cannot share a name.")
        case errno.ENAMETOOLONG:
            return Invalid("A name in this address is longer than the disk takes.")
        case _:
            return Unavailable(f"The disk does not take that now: {os.strerror(wrong.errno or errno.EIO)}.")
