"""Environments: built once, in a folder of their own; each call sees the packages of its owner's, and nothing more."""

import json
import os
import signal
import textwrap
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import processes
import wheels
from calling import RUN, call, detail, save, share, shared, value
from conftest import serving, wait_until
from headrace.runtime import network
from ports import free_port
from published import Person

HOSTILE = '''
"""What every zygote imports where it is there, before any worker is forked."""
import os, socket, subprocess

__version__ = "9.0"
FOUND = {}
SECRET, PORT = SECRET_AND_PORT
GROUP = open("/proc/self/cgroup").read()


def attempt(name, act):
    try:
        FOUND[name] = repr(act())[:200]
    except BaseException as refused:
        FOUND[name] = f"refused: {type(refused).__name__}: {refused}"[:300]


def delete_route():
    import struct
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        route = struct.pack("8BI", 2, 16, 0, 0, 254, 0, 0, 0, 0) + struct.pack("HH4s", 8, 1, bytes([169, 254, 0, 0]))
        netlink.send(struct.pack("IHHII", 16 + len(route), 25, 5, 1, 0) + route)
        error = -struct.unpack_from("i", netlink.recv(4096), 16)[0]
        if error:
            raise OSError(error, os.strerror(error))


attempt("the server's key", lambda: open(SECRET).read())
attempt("the server's home", lambda: os.listdir(os.path.dirname(SECRET)) != ["environments"] or 1 / 0)
attempt("passwords", lambda: open("/etc/shadow").read())
attempt("a port of this machine", lambda: socket.create_connection(("127.0.0.1", PORT), 2))
attempt("the cloud's metadata", lambda: socket.create_connection(("169.254.169.254", 80), 2))
attempt("the routes", delete_route)
attempt("a device", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)) or open("/tmp/disk", "rb").read(1))
attempt("the kernel", lambda: open("/proc/sys/kernel/core_pattern", "w"))  # to open it is enough: nothing is written
attempt("the packages", lambda: open(os.path.join(os.path.dirname(__file__), "x"), "w"))
attempt("an environment", lambda: open("/proc/1/environ").read())
attempt("being root", lambda: os.setgroups([0]))
attempt("the disks of all owners", lambda: os.listdir("/run/headrace-mounts"))
attempt("somebody's disk", lambda: open("/mount/x", "w"))
'''


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> Path:
    """A folder of packages that an installer finds: what every environment needs, and small ones of our own."""
    folder = tmp_path_factory.mktemp("packages")
    wheels.link(wheels.fetched(), folder)
    for version in ("1.0", "2.0"):
        wheels.wheel(folder, "plain", version, {"plain/__init__.py": f"VERSION = {version!r}\n"})
    wheels.wheel(folder, "needy", "1.0", {"needy.py": "import plain\n"}, needs=("plain<2",))
    wheels.wheel(
        folder, "startled", "1.0", {"startled.pth": "import sys; sys.ran_at_start = True\n", "startled.py": ""}
    )
    wheels.wheel(
        folder, "shadow", "1.0", {"json.py": "raise SystemExit(9)\n", "shadow.py": "", "headrace/__init__.py": "1 / 0"}
    )
    (folder / "unbuilt-1.0.tar.gz").write_bytes(b"")
    return folder


@contextmanager
def host(folder, packages, **settings):
    """A server whose installer knows these packages and no other index."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS"):
            patch.setenv(name, str(packages))
        for name in ("UV_OFFLINE", "PIP_NO_INDEX"):
            patch.setenv(name, "1")
        patch.setenv("UV_INDEX_PASSWORD", "of-the-index")
        with serving(folder / "home", **settings) as one:
            yield one


@pytest.fixture(scope="module")
def one(tmp_path_factory, packages):
    with host(tmp_path_factory.mktemp("environments"), packages) as server:
        yield server


@pytest.fixture
def ask(one):
    with one.client() as client:
        yield client


def build(client, name, *requirements, python=None, state="ready"):
    """Make an environment and wait for its build; as the API shows it."""
    made = client.post("/api/environments", json={"name": name, "requirements": list(requirements), "python": python})
    assert made.status_code == 201, made.text
    return built(client, made.json()["id"], state)


def built(client, number, state="ready"):
    def look():
        return client.get(f"/api/environments/{number}").json()

    wait_until(lambda: look()["state"] in ("ready", "failed"), 240)
    assert look()["state"] == state, look()
    return look()


def inside(name, code):
    """A udf with this body, which says its environment."""
    return f'@fused.udf(environment="{name}")\ndef udf():\n{textwrap.indent(textwrap.dedent(code), "    ")}'


PLAIN = "import plain\nreturn plain.VERSION"


def test_two_versions_of_a_package_are_called_side_by_side(ask):
    old, new = build(ask, "old", "plain==1.0"), build(ask, "new", "plain==2.0")
    assert old["hash"] != new["hash"]
    for _ in range(3):
        assert value(ask, inside("old", PLAIN)) == "1.0"
        assert value(ask, inside("new", PLAIN)) == "2.0"
    assert call(ask, f"def udf():\n    {PLAIN.splitlines()[0]}").status_code == 422  # the default one has none


def test_two_pandas_are_called_side_by_side(ask):
    for pin in wheels.TWO_PANDAS:
        build(ask, pin.replace("==", "-"), pin)
    code = "import pandas as pd\nreturn pd.DataFrame({'version': [pd.__version__], 'at': pd.Timestamp('2026-01-02')})"
    for _ in range(2):
        for pin in wheels.TWO_PANDAS:
            name, _, version = pin.partition("==")
            assert value(ask, inside(f"{name}-{version}", code)) == [{"version": version, "at": "2026-01-02T00:00:00"}]


def test_what_every_environment_needs_writes_tables_in_every_plain_format(ask):
    build(ask, "formats", "plain")
    code = inside("formats", "import pandas as pd\nreturn pd.DataFrame({'a': range(200_000), 'b': 1.5, 'c': 'x'})")
    for name in ("json", "csv", "parquet", "arrow", "feather", "html"):
        answer = call(ask, code, format=name)
        assert answer.status_code == 200, f"{name}: {answer.text}"
    assert call(ask, inside("formats", "import numpy\nreturn numpy.zeros(3)"), format="npy").status_code == 200


def test_a_format_whose_library_is_missing_names_the_package(ask):
    build(ask, "formats-too", "plain")
    answer = call(ask, inside("formats-too", "import numpy\nreturn numpy.zeros((8, 8), 'uint8')"), format="tiff")
    assert answer.status_code == 422
    assert "needs the package" in detail(answer)
    code = '@fused.udf(environment="formats-too")\ndef udf(place: fused.types.Bounds):\n    return 1'
    answer = call(ask, code, place="[0, 0, 1, 1]")
    assert answer.status_code == 200 or "needs the package" in detail(answer), answer.text


def test_a_kept_udf_runs_in_the_environment_of_its_owner_by_every_door(one, ask):
    build(ask, "kept", "plain==1.0")
    kept = save(ask, "in kept", inside("kept", PLAIN))
    token = share(ask, kept["id"])
    assert ask.get(shared(token), params={"format": "json"}, headers={"Authorization": ""}).json() == "1.0"
    by_name = f"{RUN}/saved/admin@localhost/in kept"
    assert ask.get(by_name, params={"format": "json"}).json() == "1.0"
    # Somebody else who calls it by its name runs it in an environment of their own of that name, or not at all.
    ask.post(f"/server/v1/udf/by-id/{kept['id']}", json={"allow_public_read": True})
    with one.client(Person(one, "stranger").key) as stranger:
        answer = stranger.get(by_name, params={"format": "json"})
        assert (answer.status_code, "kept" in detail(answer)) == (422, True)
        build(stranger, "kept", "plain==2.0")
        assert stranger.get(by_name, params={"format": "json"}).json() == "2.0"
    assert ask.get(by_name, params={"format": "json"}).json() == "1.0"


def test_the_metadata_of_a_udf_names_its_environment_too(ask):
    build(ask, "metadata", "plain==2.0")
    udf = {"code": f"def udf():\n{textwrap.indent(PLAIN, '    ')}", "entrypoint": "udf"}
    udf["metadata"] = {"headrace:environment": "metadata"}
    body = {"step_config": json.dumps({"type": "udf", "udf": udf}), "format": "json"}
    assert ask.post(RUN, json=body).json() == "2.0"


def test_equal_environments_of_several_owners_are_one_folder(one, ask):
    mine = build(ask, "equal", "plain==1.0", "needy")
    with one.client(Person(one, "neighbour").key) as neighbour:
        theirs = build(neighbour, "same", "needy==1.0", "plain")
        assert theirs["hash"] == mine["hash"]
        said = [line["message"] for line in neighbour.get(f"/api/environments/{theirs['id']}/logs").json()]
        assert "These packages are here already." in said
        # Removed by one, it stays for the other.
        assert ask.delete(f"/api/environments/{mine['id']}").status_code == 204
        assert value(neighbour, inside("same", PLAIN)) == "1.0"
        assert neighbour.get(f"/api/environments/{mine['id']}").status_code == 404
    assert "equal" in detail(call(ask, inside("equal", PLAIN)))


def test_a_new_build_takes_over_when_it_is_ready_and_results_are_not_mixed_up(ask):
    first = build(ask, "renewed", "plain==1.0")
    kept = save(ask, "renewed", inside("renewed", PLAIN))
    url = shared(share(ask, kept["id"]))
    assert [ask.get(url).json() for _ in range(2)] == ["1.0"] * 2
    changed = ask.put(f"/api/environments/{first['id']}", json={"requirements": ["plain==2.0"]})
    assert changed.json()["usable"]
    built(ask, first["id"])
    answer = ask.get(url)
    assert (answer.json(), answer.headers["headrace-cache"]) == ("2.0", "miss")
    # One that fails leaves the last good one in use.
    ask.put(f"/api/environments/{first['id']}", json={"requirements": ["plain==9"]})
    assert built(ask, first["id"], "failed")["usable"]
    assert ask.get(url).json() == "2.0"


def test_a_build_that_fails_says_why_in_the_installers_words(ask):
    missing = build(ask, "missing", "no-such-package-at-all", state="failed")
    assert "no-such-package-at-all" in missing["error"]
    clash = build(ask, "clash", "needy", "plain==2.0", state="failed")
    assert "plain<2" in clash["error"]
    unbuilt = build(ask, "unbuilt", "unbuilt==1.0", state="failed")
    assert unbuilt["error"].startswith("Wheels alone are installed here")
    python = build(ask, "python", "plain", python="3.99", state="failed")
    assert "There is no Python 3.99" in python["error"]
    answer = call(ask, inside("missing", "return 1"))
    assert (answer.status_code, "could not be built" in detail(answer)) == (422, True)
    assert "There is no environment called" in detail(call(ask, inside("nowhere", "return 1")))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "Bad Name", "requirements": ["plain"]}, "name"),
        ({"name": "default", "requirements": ["plain"]}, "default"),
        ({"name": "a", "requirements": []}, "requirements"),
        ({"name": "a", "requirements": ["# nothing"]}, "no requirement"),
        ({"name": "a", "requirements": [" "]}, "no requirement"),
        ({"name": "a", "requirements": ["--index-url http://169.254.169.254/"]}, "no requirement"),
        ({"name": "a", "requirements": ["-r /etc/passwd"]}, "no requirement"),
        ({"name": "a", "requirements": ["./folder"]}, "no requirement"),
        ({"name": "a", "requirements": ["plain\n--index-url=http://10.0.0.1/"]}, "no requirement"),
        ({"name": "a", "requirements": ["plain @ http://10.0.0.1/plain.whl"]}, "address"),
        ({"name": "a", "requirements": ["plain @ file:///etc/passwd"]}, "address"),
        ({"name": "a", "requirements": ["plain"], "python": "2.7"}, "python"),
        ({"name": "a", "requirements": ["plain"] * 201}, "requirements"),
    ],
)
def test_what_cannot_be_an_environment_is_refused_in_words(ask, asked, said):
    answer = ask.post("/api/environments", json=asked)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text


def test_a_package_may_run_nothing_when_the_zygote_starts_and_hide_no_module(ask):
    build(ask, "startled", "startled", "shadow", "plain")
    code = "import json, sys\nreturn [hasattr(sys, 'ran_at_start'), json.dumps(1)]"
    assert value(ask, inside("startled", code)) == [False, "1"]


def test_a_hostile_package_that_the_zygote_imports_is_held(tmp_path, packages):
    folder = tmp_path / "packages"
    wheels.link(packages, folder)
    home, port = tmp_path / "home", free_port()
    told = HOSTILE.replace("SECRET_AND_PORT", f"{str(home / 'secret.key')!r}, {port}")
    wheels.wheel(folder, "hostile", "1.0", {"pyogrio/__init__.py": told})
    reaches = "none" if network.missing() else "public"
    with _listening(port), host(tmp_path, folder, network=reaches) as server, server.client() as client:
        build(client, "hostile", "hostile")
        found = value(client, inside("hostile", "import sys\nreturn sys.modules['pyogrio'].FOUND"))
        assert len(found) == 13
        got_through = {name: what for name, what in found.items() if not what.startswith("refused: ")}
        assert not got_through
        if "/worker-" in value(client, "def udf():\n    return open('/proc/self/cgroup').read()"):
            # It is counted from its first moment; where the machine counts nothing, `headrace doctor` says so.
            assert "/zygote-" in value(client, inside("hostile", "import sys\nreturn sys.modules['pyogrio'].GROUP"))
        environ = value(client, inside("hostile", "import os\nreturn dict(os.environ)"))
        assert not [name for name in environ if name.startswith(("UV_", "PIP_", "HEADRACE_"))]


ON_THE_DISK = """
import os
def tried(act):
    try:
        return act()
    except OSError as refused:
        return type(refused).__name__
"""


@pytest.fixture
def lends():
    """Skips where a server that is not root has no right to lend a folder."""
    if os.geteuid():
        pytest.skip("only a server that is root can lend an owner's disk to workers of other environments")


@pytest.mark.usefixtures("lends")
def test_the_disk_of_an_owner_is_one_in_every_environment(ask):
    build(ask, "disk", "plain==1.0")
    value(ask, "import os\ndef udf():\n    os.makedirs('/mount/a/b')\n    open('/mount/a/b/c', 'w').write('x')")
    changed = inside(
        "disk",
        """
        import os
        with open("/mnt/cache/a/b/c", "a") as file:
            file.write("y")
        os.makedirs("/mount/a/own/deep")
        open("/mount/a/own/deep/d", "w").write("z")
        os.rename("/mount/a/own", "/mount/a/moved")
        return open("/mount/a/b/c").read()
        """,
    )
    assert value(ask, changed) == "xy"
    ask.put("/server/v1/files/upload", params={"path": "file:///mount/a/up"}, content=b"sent").raise_for_status()
    assert value(ask, inside("disk", "return open('/mount/a/up').read()")) == "sent"
    # What was made there is changed and deleted from the default one, and the other way round.
    code = """
        import os, shutil
        def udf():
            open("/mount/a/moved/deep/d", "a").write("z")
            os.unlink("/mount/a/b/c")
            return open("/mount/a/moved/deep/d").read()
    """
    assert value(ask, code) == "zz"
    assert (
        value(ask, inside("disk", "import os, shutil\nshutil.rmtree('/mount/a')\nreturn os.path.lexists('/mount/a')"))
        is False
    )


@pytest.mark.usefixtures("lends")
def test_owners_of_equal_environments_see_each_their_own_disk_and_no_way_to_another(one, ask):
    build(ask, "alike", "plain==2.0")
    with one.client(Person(one, "alike").key) as other:
        assert build(other, "alike", "plain==2.0")["hash"] == build(ask, "alike-too", "plain==2.0")["hash"]
        value(ask, inside("alike", "open('/mount/secret', 'w').write('mine')"))
        assert value(other, inside("alike", "import os\nreturn os.listdir('/mount')")) == []
        owner = next(path.parent.name for path in (one.home / "mounts").glob("*/secret"))
        home = str(one.home / "mounts")
        paths = [f"/run/headrace-mounts/{owner}", "/run/headrace-mounts", f"{home}/{owner}", home, f"/mount/../{owner}"]
        look = f"""{ON_THE_DISK}
os.path.lexists("/mount/link") or os.symlink({f"{home}/{owner}"!r}, "/mount/link")
paths = {paths!r} + ["/mount/link", "/proc/1/root/mount", "/proc/1/root/run", "/proc/1/cwd"]
listed = [tried(lambda: os.listdir(path)) for path in paths]
return listed + [tried(lambda: open(path + "/secret").read()) for path in paths]
"""
        seen = value(other, inside("alike", look))
        assert len(seen) == 18
        assert "mine" not in seen
        assert not any(isinstance(one, list) and "secret" in one for one in seen), seen
        assert {one for one in seen if isinstance(one, str)} <= {"FileNotFoundError", "PermissionError", "OSError"}
        # No device and no setuid bit means anything there, and no user but the worker's own is made an owner.
        rights = f"""{ON_THE_DISK}
open("/mount/tool", "w").close()
return [
    tried(lambda: os.mknod("/mount/disk", 0o60600, os.makedev(254, 0))), tried(lambda: os.chown("/mount/tool", 1, 1)),
    bool(os.statvfs("/mount").f_flag & os.ST_NOSUID), bool(os.statvfs("/mount").f_flag & os.ST_NODEV),
]
"""
        assert value(other, inside("alike", rights)) == ["PermissionError", "OSError", True, True]  # no such user there
    assert value(ask, inside("alike", "import os\nos.unlink('/mount/secret')\nreturn True")) is True


@pytest.mark.usefixtures("lends")
def test_code_of_another_author_gets_no_disk_in_ones_environment_either(one, ask):
    build(ask, "lent", "plain==1.0")
    value(ask, inside("lent", "open('/mount/mine', 'w').write('mine')"))
    code = (
        f"{ON_THE_DISK}\nreturn [tried(lambda: os.listdir('/mount')), tried(lambda: open('/mount/left', 'w').close())]"
    )
    with one.client(Person(one, "author").key) as author:
        made = save(author, "pries", inside("lent", code))
        author.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
        email = author.get("/server/v1/user/self").json()["email"]
    answer = ask.get(f"{RUN}/saved/{email}/pries", params={"format": "json", "cache_max_age": 0})
    seen, left = answer.json()
    assert seen in ("PermissionError", "FileNotFoundError", [])
    assert left in ("PermissionError", "FileNotFoundError", "OSError")


@pytest.mark.usefixtures("lends")
def test_a_disk_over_its_limit_ends_who_writes_in_whatever_environment(tmp_path, packages):
    fill = """
        import time
        with open("/mount/large", "wb") as file:
            for n in range(1000):
                file.write(bytes(1 << 20 if n < 100 else 1))
                file.flush()
                time.sleep(0.05)
    """
    with host(tmp_path, packages, mount_mb=20, call_seconds=60) as server, server.client() as client:
        build(client, "disk", "plain==1.0")
        came = call(client, inside("disk", fill))
        assert (came.status_code, detail(came).startswith("DiskFull: The disk that your calls share")) == (422, True)
        assert detail(call(client, inside("disk", "open('/mount/x', 'w')"))).startswith("PermissionError")
        assert value(client, inside("disk", "import os\nos.unlink('/mount/large')\nreturn os.listdir('/mount')")) == []
        write = inside("disk", "open('/mount/x', 'w')")
        wait_until(lambda: call(client, write).status_code == 200)


def test_a_build_is_killed_with_the_server_and_made_again(tmp_path, packages):
    with _index() as index, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(packages))
        patch.setenv("UV_DEFAULT_INDEX", index.url)
        patch.delenv("UV_OFFLINE", raising=False)
        with serving(tmp_path / "home") as server, server.client() as client:
            made = client.post("/api/environments", json={"name": "slow", "requirements": ["plain", "slow"]}).json()
            assert index.asked.wait(60)
            answer = call(client, inside("slow", PLAIN))
            assert (answer.status_code, "being built" in detail(answer)) == (503, True)
            installers = [pid for pid, one in processes.descendants(server.process.pid).items() if "uv" in one.command]
            assert installers
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
            wait_until(lambda: not any(map(processes.alive, installers)))
            root = server.home / "environments"
            assert not [folder for folder in root.iterdir() if len(folder.name) == 64]
            wheels.wheel(packages, "slow", "1.0", {"slow.py": ""})
            index.go_on.set()
            server.process.stdout.close()
            server.start()
            with server.client() as again:
                ready = built(again, made["id"])
                assert value(again, inside("slow", PLAIN)) == "2.0"
                assert {folder.name for folder in root.iterdir()} == {"building", "lock", ready["hash"]}
                assert {folder.name for folder in (root / "building").iterdir()} <= {"cache"}


def test_a_folder_that_was_lost_is_built_again_with_the_same_packages(tmp_path, packages):
    with host(tmp_path, packages) as server:
        with server.client() as client:
            before = build(client, "lost", "plain<2")
        assert server.stop() == 0
        server.process.stdout.close()
        folder = server.home / "environments" / before["hash"]
        folder.rename(tmp_path / "away")
        wheels.wheel(packages, "plain", "1.5", {"plain.py": "VERSION = '1.5'"})
        try:
            server.start()
            with server.client() as client:
                wait_until((folder / "headrace.json").exists, 60)
                assert built(client, before["id"])["hash"] == before["hash"]
                assert value(client, inside("lost", PLAIN)) == "1.0"
        finally:
            (packages / "plain-1.5-py3-none-any.whl").unlink()


def test_builds_keep_within_their_limits(tmp_path, packages):
    with host(tmp_path, packages, environment_mb=100, environments_max=2) as server, server.client() as client:
        assert "HEADRACE_ENVIRONMENT_MB" in build(client, "large", "plain", state="failed")["error"]
        build(client, "large-too", "plain", state="failed")
        answer = client.post("/api/environments", json={"name": "third", "requirements": ["plain"]})
        assert (answer.status_code, "HEADRACE_ENVIRONMENTS_MAX" in answer.text) == (409, True)
    with _index() as index, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", index.url)
        patch.delenv("UV_OFFLINE", raising=False)
        with serving(tmp_path / "other" / "home", environment_seconds=2) as server, server.client() as client:
            assert "HEADRACE_ENVIRONMENT_SECONDS" in build(client, "slow", "slow", state="failed")["error"]
            index.go_on.set()


def test_environments_at_work_are_bounded_and_the_one_used_longest_ago_goes(tmp_path, packages):
    with host(tmp_path, packages, zygotes_max=2) as server, server.client() as client:
        build(client, "first", "plain==1.0")
        build(client, "second", "plain==2.0")
        for _ in range(2):
            assert value(client, inside("first", PLAIN)) == "1.0"
            assert value(client, inside("second", PLAIN)) == "2.0"
            assert value(client, "def udf():\n    return 3") == 3
        wait_until(lambda: len(_enclosed(server)) == 1)


def test_an_environment_without_calls_is_put_away_and_comes_back(tmp_path, packages):
    with host(tmp_path, packages, zygote_idle_seconds=1) as server, server.client() as client:
        build(client, "idle", "plain==1.0")
        assert value(client, inside("idle", PLAIN)) == "1.0"
        wait_until(lambda: not _enclosed(server), 30)
        assert value(client, inside("idle", PLAIN)) == "1.0"


def test_pip_builds_where_there_is_no_uv(tmp_path, packages):
    with host(tmp_path, packages, installer="pip") as server, server.client() as client:
        ready = build(client, "by-pip", "needy")
        assert "plain==1.0" in ready["packages"]
        assert value(client, inside("by-pip", PLAIN)) == "1.0"
        assert "plain" in build(client, "clash", "needy", "plain==2.0", state="failed")["error"]
        unbuilt = build(client, "unbuilt", "unbuilt==1.0", state="failed")
        assert unbuilt["error"].startswith("Wheels alone are installed here")


def _enclosed(server):
    """The zygotes of environments other than the default one."""
    ours = processes.descendants(server.process.pid)
    found = {pid for pid, one in ours.items() if "enclosure.py" in one.command and "bwrap" not in one.command}
    return [pid for pid in found if ours[pid].parent not in found]


@contextmanager
def _listening(port):
    """Something of this machine that user code must not reach."""
    listener = ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Index(BaseHTTPRequestHandler):
    """A package index without packages, which takes its time when it is asked for one called slow."""

    def do_GET(self):
        if "slow" in self.path:
            self.server.asked.set()
            self.server.go_on.wait(120)
        self.send_error(404)

    def log_message(self, *words):
        pass


@contextmanager
def _index():
    index = ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    index.asked, index.go_on = threading.Event(), threading.Event()
    index.url = f"http://127.0.0.1:{index.server_address[1]}/simple"
    index.handle_error = lambda *_: None  # clients that are killed hang up
    thread = threading.Thread(target=index.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield index
    finally:
        index.go_on.set()
        index.shutdown()
        thread.join()
        index.server_close()
