"""The folder that the server lends from: what lies where in it, and who may come there.

    <home>/lake/schemas/<id>/       a schema of the warehouse: its catalogue, and data/ with its Parquet, where they
                                    are in no database and no bucket
    <home>/lake/doors/<id>-<w|r>/   sockets by which such a schema's are reached (`services/doors.py`)
    <home>/lake/arrays/<owner>/     arrays, each in a folder that is named by its UUID
    <home>/lake/files/<owner>/      files of the store that statements named, read-only

Workers are users of the machine that are not the server's, and each is shown the folders that it is lent, so what they
write to is open to everybody; nobody else comes past the home folder.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from headrace.model.task import LAKE

DOORS, FILES, SCHEMAS = "doors", "files", "schemas"
KEPT = 86_400.0  # seconds after which a file that nothing named goes
USED = ".used"  # the end of the name of an empty file that says when a file was last named


def lay(folder: Path, *, writable: bool = True) -> None:
    """See that a folder is there, for every worker that it is lent to."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777 if writable else 0o755)


def lay_schema(home: Path, schema_id: int) -> str:
    """See that the folder of a schema is there. Its path beneath the folder that the server lends from."""
    path = f"{SCHEMAS}/{schema_id}"
    lay(home / LAKE / path)
    lay(home / LAKE / path / "data")
    return path


def lay_door(home: Path, name: str) -> Path:
    """See that the folder of a door is there."""
    folder = home / LAKE / DOORS / name
    lay(folder, writable=False)
    return folder


def prefix(schema_id: int) -> str:
    """Where the Parquet of a schema is, of the keys of a store that is no folder."""
    return f"{LAKE}/{schema_id}"


def put_file(home: Path, owner_id: int, name: str, export: Callable[[Path], None]) -> str:
    """See that a file is in the folder of an owner, by `export` where it is not. The folder's path, as `lay_schema`."""
    path = f"{FILES}/{owner_id}"
    folder = home / LAKE / path
    lay(folder, writable=False)
    target = folder / name
    # Not the file's own time: it may be a second name of the one in the store, which has but one.
    target.with_name(f".{name}{USED}").touch()
    if not target.exists():
        export(target)
    return path


def sweep_files(home: Path, before: float) -> None:
    """Delete files that nothing has named since a moment (seconds since 1970)."""
    for mark in (home / LAKE / FILES).glob(f"*/.*{USED}"):
        with suppress(OSError):
            if mark.stat().st_mtime < before:
                mark.with_name(mark.name[1:].removesuffix(USED)).unlink(missing_ok=True)
                mark.unlink()
