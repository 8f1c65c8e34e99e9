"""What is left of arrays goes, and nothing else."""

import os
import time
from datetime import UTC, datetime, timedelta

from factories import somebody
from headrace.db import arrays as rows
from headrace.model.array import FOLDER
from headrace.model.page import Page
from headrace.model.task import LAKE
from headrace.services import arrays
from headrace.work import arrays as work


def test_a_folder_without_an_array_goes_once_it_is_old(admin):
    call = somebody(admin)
    with call.platform.db.begin() as connection:
        array = arrays.make(connection, call, call.user.username, "kept")
    home = call.platform.settings.home
    kept = home / LAKE / array.folder
    old, fresh = (home / LAKE / FOLDER / "7" / name for name in ("gone", "new"))
    outside = home / "outside"
    for folder in (old, fresh, outside):
        folder.mkdir(parents=True)
        (folder / "cells").write_text("")
    (old / "link").symlink_to(outside)
    before = time.time() - 3600
    for folder in (kept, old):
        os.utime(folder, (before - 10, before - 10))
    assert work.sweep(home, call.platform.db, before) == 1
    assert (kept.is_dir(), old.exists(), fresh.is_dir()) == (True, False, True)
    assert (outside / "cells").exists()


def test_what_was_done_long_ago_is_forgotten(admin):
    call = somebody(admin)
    arrays.register(call, call.user.username, "grid", "")
    assert work.prune(call.platform.db, datetime.now(UTC) - timedelta(days=1)) == 0
    assert work.prune(call.platform.db, datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert arrays.list_activity(call, call.user.username, "grid", Page()).total == 0
    with call.platform.db.read() as connection:
        assert rows.find(connection, call.user.username, "grid") is not None
