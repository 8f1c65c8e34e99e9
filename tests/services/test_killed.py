"""What was acknowledged survives kill -9, whole; what was not is not there in part."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import factories as make
from headrace import settings as table
from headrace.server import open_platform
from headrace.services import accounts, tokens, udfs

SAVE = """
import sys
from itertools import count
from headrace import settings
from headrace.server import open_platform
from headrace.services import accounts, tokens, udfs

platform = open_platform(settings.load({"HEADRACE_HOME": sys.argv[1], "HEADRACE_DATABASE_URL": sys.argv[2]}))
call = accounts.administrator(platform)
for n in count():
    body = f'{{"code": "{"#" * 50_000}{n}", "entrypoint": "udf"}}'
    udf = udfs.create(call, f"udf {n}", body)
    udf = udfs.update(call, udf.uid, body=body.replace("#", "##", 1))
    print(n, udf.uid, tokens.create(call, udf.uid).token, flush=True)
"""


@pytest.mark.parametrize("after", [1, 40])
def test_every_acknowledged_save_is_there_after_a_kill(platform, admin, home, database_url, after):
    command = [sys.executable, "-c", SAVE, str(home), database_url]
    acknowledged = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saving:
        for line in saving.stdout:
            acknowledged.append(line.split())
            if len(acknowledged) == after:
                os.kill(saving.pid, signal.SIGKILL)
    assert saving.returncode == -signal.SIGKILL
    assert len(acknowledged) >= after
    for n, uid, token in acknowledged:
        udf = udfs.get(admin, uid)
        assert (udf.slug, udf.version, len(udf.body) > 50_000) == (f"udf {n}", 2, True)
        assert udfs.check_body(udf.body).code.endswith(n)
        assert tokens.resolve(platform, token)[1] == udf
    # The one that was under way is there whole or not at all, and the next save works.
    for udf in udfs.list_own(admin, 0, 1000).items:
        assert [v.version for v in udfs.list_versions(admin, udf.uid)] == list(range(udf.version, 0, -1))
    assert make.udf(admin, "the next").version == 1


START = """
import sys
from headrace import settings
from headrace.server import open_platform
from headrace.services import accounts

print("ready", flush=True)
platform = open_platform(settings.load({"HEADRACE_HOME": sys.argv[1], "HEADRACE_DATABASE_URL": sys.argv[2]}))
accounts.ensure_admin(platform)
"""


def test_a_first_start_that_is_killed_leaves_nobody_locked_out(tmp_path, postgresql):
    """At moments spread over a start: afterwards, a key in admin.key opens the administrator's account."""
    for n in range(6):
        url, home = postgresql.empty() if n % 2 else "", tmp_path / str(n)
        command = [sys.executable, "-c", START, str(home), url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starting:
            assert starting.stdout.readline() == "ready\n"
            if not url:
                _wait_for(home / "headrace.db-wal", starting)
            with suppress(subprocess.TimeoutExpired):
                starting.wait(n * 0.1)
            starting.kill()
        platform = open_platform(table.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": url}))
        accounts.ensure_admin(platform)
        key = (home / "admin.key").read_text().strip()
        assert accounts.authenticate(platform, key).user.admin
        platform.db.close()


def _wait_for(path: Path, process: subprocess.Popen) -> None:
    """Until the file is there, or the process is gone."""
    while not path.exists() and process.poll() is None:
        pass
