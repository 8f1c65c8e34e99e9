"""Folders that the server lends: a worker sees those of its task, as it may, and of the others not even the names."""

import asyncio
import errno

import msgspec
import pytest

from headrace.executors.local import Local
from headrace.runtime.environment import bubblewrap
from headrace.runtime.wire import Lent, Limits, Task
from headrace.settings import Settings

pytestmark = pytest.mark.skipif(bubblewrap() is None, reason="folders are lent by bubblewrap, which is not here")

LIMITS = Limits(seconds=30, memory=1 << 30, processes=64, open_files=512, output=1 << 20, scratch=1 << 20, log=1 << 16)
CODE = """
import os

def udf():
    def attempt(do):
        try:
            return do()
        except OSError as refused:
            return f"errno {refused.errno}"
    def write(path):
        with open(path, "w") as file:
            return file.write("x")
    return {
        "there": attempt(lambda: sorted(os.listdir("/lake"))),
        "all": attempt(lambda: os.listdir("/run/headrace-lake")),
        "read": attempt(lambda: open("/lake/theirs/word").read()),
        "write theirs": attempt(lambda: write("/lake/theirs/new")),
        "change theirs": attempt(lambda: os.chmod("/lake/theirs/word", 0o777)),
        "make": attempt(lambda: os.makedirs("/lake/mine/deep", exist_ok=True)),
        "write mine": attempt(lambda: write("/lake/mine/deep/new")),
        "climb": attempt(lambda: os.listdir("/lake/mine/../../run/headrace-lake")),
    }
"""


def seen_by(home, *tasks):
    """What workers see of what they are lent, one after the other."""

    async def run():
        executor = Local(Settings(home=home))
        await executor.start()
        try:
            return [msgspec.json.decode(bytes((await executor.call(task)).body)) for task in tasks]
        finally:
            await executor.close(1)

    return asyncio.run(run())


def task(owner, *lent):
    return Task(
        uid=f"run-{owner}-{len(lent)}",
        owner=owner,
        environment="default",
        name="look",
        code=CODE,
        entrypoint="udf",
        digest="look",
        arguments={},
        formats=["json"],
        limits=LIMITS,
        lent=lent,
    )


@pytest.fixture
def lake(tmp_path):
    for name in ("mine", "theirs", "secret"):
        (tmp_path / "lake" / name).mkdir(parents=True)
        (tmp_path / "lake" / name).chmod(0o777)
        (tmp_path / "lake" / name / "word").write_text(name)
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_worker_sees_what_it_was_lent_and_writes_where_it_may(lake):
    found, alone, nothing = seen_by(
        lake,
        task("1", Lent("mine", "mine", writable=True), Lent("theirs", "theirs")),
        task("2", Lent("mine", "mine", writable=True)),
        task("1"),
    )
    assert found["there"] == ["mine", "theirs"]
    assert (found["read"], found["write mine"]) == ("theirs", 1)
    assert found["write theirs"] == f"errno {errno.EROFS}"
    assert found["change theirs"] == f"errno {errno.EROFS}"
    for one in (found, alone, nothing):
        assert one["all"] in (f"errno {errno.EACCES}", f"errno {errno.EPERM}")
        assert one["climb"].startswith("errno")
    # What one worker made, the next one of another owner writes to.
    assert (alone["there"], alone["read"], alone["write mine"]) == (["mine"], f"errno {errno.ENOENT}", 1)
    assert nothing["there"] in ([], f"errno {errno.EACCES}")
    assert nothing["write mine"].startswith("errno")
    assert sorted(path.name for path in (lake / "lake" / "theirs").iterdir()) == ["word"]
