"""The disk that all calls of one owner share."""

import pytest

from calling import call, detail, save, value
from conftest import serving, wait_until


@pytest.fixture(scope="module")
def other(server):
    """Another user."""
    with server.client() as admin:
        user = admin.post("/api/users", json={"name": "Other", "email": "other@example.org"}).json()
        key = admin.post(f"/api/users/{user['id']}/api_keys", json={"name": "tests", "expiresIn": 3600}).json()["token"]
    with server.client(key) as http:
        yield http


DIE = "import os\ndef udf(): os._exit(0)\n"


def test_what_a_call_writes_a_later_one_reads_in_whatever_worker(http):
    value(
        http, "import os\ndef udf(): os.makedirs('/mount/a/b', exist_ok=True); open('/mount/a/b/c', 'w').write('x')\n"
    )
    call(http, DIE)  # the worker is gone with it
    code = """
        def udf():
            with open("/mnt/cache/a/b/c", "a") as file:
                file.write("y")
            open("/mount/a/b/d", "w").write("z")
            return open("/mount/a/b/c").read()
    """
    assert value(http, code) == "xy"
    call(http, DIE)
    gone = "import shutil, os\ndef udf():\n    shutil.rmtree('/mount/a')\n    return os.path.exists('/mount/a')\n"
    assert value(http, gone) is False


def test_another_owner_sees_another_disk_and_no_way_to_this_one(http, other, server):
    value(http, "def udf(): open('/mount/secret', 'w').write('mine')\n")
    assert value(other, "import os\ndef udf(): return os.listdir('/mount')\n") == []
    home = str(server.home / "mounts")
    owner = next(path.parent.name for path in (server.home / "mounts").glob("*/secret"))
    for path in (
        f"/run/headrace-mounts/{owner}/secret",
        "/run/headrace-mounts",
        f"/mount/../run/headrace-mounts/{owner}/secret",
        f"{home}/{owner}/secret",
        home,
    ):
        came = call(other, f"import os\ndef udf(): return os.listdir({path!r})\n")
        assert came.status_code == 422, came.text
        came = call(other, f"def udf(): return open({path!r}).read()\n")
        assert came.status_code == 422, came.text
        assert "mine" not in came.text
    link = f"os.symlink('{home}/{owner}', '/mount/link')"
    assert call(other, f"import os\ndef udf():\n    {link}\n    return os.listdir('/mount/link')\n").status_code == 422
    assert value(http, "import os\ndef udf():\n    os.unlink('/mount/secret')\n    return True\n") is True


def test_code_of_another_author_gets_no_disk_of_mine(http, other):
    value(http, "def udf(): open('/mount/mine', 'w').write('mine')\n")
    code = """
        import os
        def udf():
            try:
                open("/mount/left", "w")
            except OSError as error:
                refused = type(error).__name__
            try:
                return [refused, os.listdir("/mount")]
            except OSError as error:
                return [refused, type(error).__name__]
    """
    made = save(other, "pries", code)
    other.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
    run = "/server/v1/realtime/local/api/v1/run/udf/saved/other%40example.org/pries?format=json&cache_max_age=0"
    refused, seen = http.get(run).json()
    assert refused in ("PermissionError", "OSError")
    assert seen in ("PermissionError", [])


def test_a_disk_over_its_limit_ends_who_writes_and_lets_files_be_deleted(tmp_path):
    fill = """
        import time
        def udf():
            with open("/mount/large", "wb") as file:
                for n in range(1000):
                    file.write(bytes(1 << 20 if n < 100 else 1))
                    file.flush()
                    time.sleep(0.05)
    """
    with serving(tmp_path / "home", mount_mb=20, call_seconds=60) as server, server.client() as http:
        came = call(http, fill)
        assert came.status_code == 422
        assert detail(came).startswith("DiskFull: The disk that your calls share")
        refused = call(http, "def udf(): open('/mount/more', 'w').write('x')\n")
        assert detail(refused).startswith("PermissionError")
        assert (
            value(http, "import os\ndef udf():\n    os.unlink('/mount/large')\n    return os.listdir('/mount')\n") == []
        )

        def writable() -> bool:
            return call(http, "def udf(): open('/mount/more', 'w').write('x')\n").status_code == 200

        wait_until(writable)


def test_a_server_may_have_no_such_disk(tmp_path):
    with serving(tmp_path / "home", mount_mb=0) as server, server.client() as http:
        assert call(http, "def udf(): open('/mount/x', 'w')\n").status_code == 422
        assert value(http, "def udf(): return 1\n") == 1
        assert not (server.home / "mounts").exists()
