"""What is left of arrays that are gone: their folders, and what was done with arrays long ago."""

import shutil
from datetime import datetime
from pathlib import Path

from headrace.db import arrays
from headrace.db.engine import Database
from headrace.model.array import FOLDER
from headrace.model.task import LAKE

STEP = 500  # folders that are asked for at once


def sweep(home: Path, db: Database, before: float) -> int:
    """Delete folders that no array has any more, of those that last changed before that moment (seconds since 1970).

    A server that is killed while it deletes an array, or before it has kept a new one, leaves its folder. How many
    went.
    """
    folders = [folder for folder in home.joinpath(LAKE, FOLDER).glob("*/*") if folder.lstat().st_mtime < before]
    gone = 0
    for at in range(0, len(folders), STEP):
        some = folders[at : at + STEP]
        with db.read() as connection:
            known = arrays.known(connection, [folder.name for folder in some])
        for folder in some:
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
    return gone


def prune(db: Database, before: datetime) -> int:
    """Forget what was done with arrays before that moment. How much that was."""
    with db.begin() as connection:
        return arrays.forget_activity(connection, before)
