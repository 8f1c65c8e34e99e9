"""What fenced code must not manage. Each test is code that really tries, as a user of a live server."""

import os
import signal
import socket
import threading
from contextlib import suppress

import httpx
import pytest

from calling import Gate, call, detail, value
from conftest import serving, wait_until
from processes import alive, descendants


def refused(client: httpx.Client, attempt: str) -> str:
    """The exception that an attempt ended with. Fails when it got through."""
    body = "\n".join(f"    {line}" for line in attempt.strip().splitlines())
    answer = call(client, f"import os, ctypes, socket\ndef udf():\n{body}\n    return 'got through'\n")
    assert answer.status_code == 422, f"{attempt!r} got through: {answer.text}"
    return detail(answer)


@pytest.mark.parametrize("name", ["admin.key", "secret.key", "headrace.db", "store", "."])
def test_the_server_s_home_cannot_be_read(http, server, name):
    path = server.home / name
    assert path.exists()
    attempt = f"os.listdir({str(path)!r})" if path.is_dir() else f"open({str(path)!r}, 'rb').read()"
    assert "No such file" in refused(http, attempt) or "Permission" in refused(http, attempt)


def test_the_environment_of_the_server_is_not_in_reach(http, server):
    seen = value(http, "import os\ndef udf(): return dict(os.environ)")
    assert not [name for name in seen if name.startswith("HEADRACE") or "KEY" in name]
    refused(http, f"open('/proc/{server.process.pid}/environ').read()")
    refused(http, "open('/proc/1/../2/environ').read()")
    assert value(http, "import os\ndef udf(): return os.getppid()") == 0


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/sudoers", "/root", "/home", "/proc/kcore", "/sys/kernel", "/dev/mem", "/var/log"]
)
def test_the_machine_s_own_files_cannot_be_read(http, path):
    refused(http, f"os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}, 'rb').read(1)")


@pytest.mark.parametrize("folder", ["/usr/lib", "/etc", "/", "/dev", "/proc"])
def test_nothing_outside_the_scratch_folder_can_be_written(http, folder):
    refused(http, f"open({folder + '/headrace-test'!r}, 'w')")


def test_site_packages_cannot_be_written(http):
    refused(http, "import numpy\nopen(numpy.__file__, 'a').write('x')")
    refused(http, "import numpy\nopen(os.path.join(os.path.dirname(numpy.__file__), 'evil.py'), 'w')")


def test_another_owner_s_scratch_folder_is_another_folder(http, stranger):
    one = Gate(http)
    code = f"{one.code}\ndef udf():\n    open('/tmp/secret', 'w').write('mine')\n    knock()\n"
    holding = threading.Thread(target=value, args=(http, code))
    holding.start()
    one.knocked()
    found = value(stranger, "import os\ndef udf(): return os.path.exists('/tmp/secret')")
    one.open()
    holding.join()
    assert found is False


def test_what_one_call_leaves_in_the_scratch_folder_the_next_does_not_find(http):
    value(http, "def udf(): open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x')")
    assert "left" not in value(http, "import os\ndef udf(): return os.listdir('/tmp') + os.listdir('/dev/shm')")


def test_another_owner_s_process_cannot_be_seen_traced_or_read(stranger):
    assert value(
        stranger, "import os\ndef udf(): return sorted(int(p) for p in os.listdir('/proc') if p.isdigit())"
    ) == [1]
    for attempt in (
        "assert ctypes.CDLL(None).ptrace(16, 2, 0, 0) == 0",
        "assert ctypes.CDLL(None).process_vm_readv(2, 0, 0, 0, 0, 0) >= 0",
        "assert ctypes.CDLL(None).syscall(438, 0, 0, 0) >= 0",
        "open('/proc/2/mem', 'rb')",
    ):
        refused(stranger, attempt)


def test_no_process_outside_can_be_signalled(http, stranger, server):
    waiting: list[object] = []
    one = Gate(http)
    code = f"{one.code}\ndef udf():\n    knock()\n    return 'alive'\n"
    other = threading.Thread(target=lambda: waiting.append(value(http, code)))
    other.start()
    one.knocked()
    refused(stranger, f"os.kill({server.process.pid}, 9)")
    call(
        stranger,
        """
        import os
        def udf():
            for pid in (-1, 0, *range(1, 65536)):
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass
        """,
    )
    one.open()
    other.join()
    assert waiting == ["alive"]
    assert server.process.poll() is None


def test_a_fork_bomb_is_bounded_and_gone_with_the_call(http):
    started = value(
        http,
        """
        import os, signal
        def udf():
            n = 0
            try:
                while True:
                    if os.fork() == 0:
                        signal.pause()
                        os._exit(0)
                    n += 1
            except OSError:
                return n
        """,
    )
    assert 10 < started < 300
    assert value(http, "import os\ndef udf(): return len([p for p in os.listdir('/proc') if p.isdigit()])") == 1


def test_the_disk_cannot_be_filled(http):
    assert "No space left" in refused(http, "open('/tmp/big', 'wb').write(b'x' * (200 << 20))")
    assert "No space left" in refused(http, "open('/dev/shm/big', 'wb').write(b'x' * (200 << 20))")


@pytest.fixture(scope="module")
def reaching(tmp_path_factory):
    """A server whose code reaches this machine, so that it is heard of."""
    with serving(tmp_path_factory.mktemp("reaching") / "home", network="host", call_seconds=20) as server:
        yield server


@pytest.mark.parametrize(
    "linger",
    [
        "threading.Thread(target=knock).start()",
        "threading.Thread(target=knock, daemon=True).start()",
        "_thread.start_new_thread(knock, ())",
        "_thread.start_new_thread(knock, ()); sys.modules['headrace.runtime.worker']._count_threads = int",
        "subprocess.Popen([sys.executable, '-c', source])",
        "os.fork() or (os.setsid(), os.fork() and os._exit(0), knock())",
        "signal.signal(signal.SIGALRM, lambda *_: knock()) or signal.setitimer(signal.ITIMER_REAL, 0.3)",
    ],
    ids=["thread", "daemon thread", "bare thread", "hidden thread", "child", "daemon", "timer"],
)
def test_nothing_keeps_running_after_its_answer(reaching, linger):
    with socket.create_server(("127.0.0.1", 0)) as door, reaching.client() as http:
        reach = f"socket.create_connection({door.getsockname()!r}).close()"
        door.settimeout(20)
        value(http, f"import socket\ndef udf(): {reach}")
        door.accept()[0].close()  # so it is heard of where somebody knocks
        knock = f"import socket, time\nwhile True:\n    {reach}\n    time.sleep(0.02)\n"
        call(
            http,
            "import _thread, os, signal, subprocess, sys, threading\n"
            f"source = {knock!r}\n"
            "def knock(): exec(source)\n"
            f"def udf():\n    {linger}\n    return 1\n",
        )
        # The worker is recycled or emptied a moment after the answer; from then on nobody knocks.
        value(http, "def udf(): return 1")
        door.settimeout(1.0)
        knocks = 0
        with pytest.raises(TimeoutError):
            while knocks < 200:
                door.accept()[0].close()
                knocks += 1
        assert knocks < 200


def test_nothing_outlives_the_server(tmp_path):
    with serving(tmp_path / "home") as server, server.client() as client:
        call(client, "import os, signal\ndef udf(): return os.getpid()")
        running = threading.Thread(
            target=lambda: _ignore(
                lambda: call(client, "import os, time\ndef udf():\n    os.fork(); os.setsid(); time.sleep(60)")
            )
        )
        running.start()
        wait_until(lambda: len(descendants(server.process.pid)) >= 5)
        before = descendants(server.process.pid)
        os.kill(server.process.pid, signal.SIGKILL)
        running.join()
        wait_until(lambda: not [pid for pid in before if alive(pid)])


def test_patching_a_module_changes_nothing_for_another_owner(http, stranger):
    value(
        http,
        "import numpy, json\ndef udf():\n    numpy.zeros = lambda *_: 'patched'\n    json.dumps = None\n    return 1",
    )
    assert value(stranger, "import numpy, json\ndef udf(): return [float(numpy.zeros(1)[0]), json.dumps({})]") == [
        0.0,
        "{}",
    ]


CHANNEL = """
import os, socket, stat
channel = next(
    fd for fd in range(3, 64)
    if os.path.exists(f'/proc/self/fd/{fd}') and stat.S_ISSOCK(os.fstat(fd).st_mode)
)
"""


@pytest.mark.parametrize(
    "message",
    [
        "os.urandom(500)",
        "b'\\x80\\x04\\x95\\x00cposix\\nsystem\\n(S\"touch /tmp/pwned\"\\ntR.'",
        "b''.join([b'\\x82\\xa3uid\\xa1x\\xa7outcome\\xa2ok'])",
        "b'\\xc1'",
    ],
    ids=["garbage", "a pickle", "a reply to another call", "a file that is not there"],
)
def test_a_forged_message_ends_the_worker_and_nothing_else(http, server, message):
    answer = call(
        http,
        f"{CHANNEL}\ndef udf():\n    os.write(channel, {message})\n    import time\n    time.sleep(5)\n"
        "    return 'unharmed'",
    )
    assert answer.status_code == 422
    assert "ProcessDied" in detail(answer)
    assert value(http, "def udf(): return 'next'") == "next"
    assert server.process.poll() is None


FORGE = f"""
{CHANNEL}
import array, fcntl, sys, msgspec
from headrace.runtime import wire
def task():
    frame = sys._getframe()
    while not isinstance(frame.f_locals.get("task"), wire.Task):
        frame = frame.f_back
    return frame.f_locals["task"]
def sealed(data):
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    wire.seal(fd)
    return fd
def forge(files=(), **fields):
    answer = dict(type="Reply", uid=task().uid, outcome="ok", media_type="application/json", format="json", body=b"1")
    answer |= fields
    wire.send(socket.socket(fileno=os.dup(channel)), msgspec.msgpack.encode(answer), files)
"""


@pytest.mark.parametrize(
    "fields",
    [
        "stdout='x' * (100 << 20)",
        "outcome='exception'",
        "outcome='ok', problem={'kind': 'x', 'message': 'x'}",
        "timing=[float('nan')] * 5",
        "timing=[-1.0] * 5",
        "size=5, body=b'x' * 200_000",
        "retire='perhaps'",
        "imported=7",
        "files=[os.memfd_create('x')], size=10, body=b''",
        "files=[os.pipe()[0]], size=10, body=b''",
        "files=[os.open('/dev/zero', 0)], size=10, body=b''",
        "files=[os.open('/tmp', 0)], size=10, body=b''",
        "files=[sealed(b'x')], size=10, body=b''",
        "files=[sealed(b'x'), *[os.dup(1)] * 20], size=1, body=b''",
    ],
)
def test_an_answer_that_no_worker_gives_ends_the_worker(http, fields):
    answer = call(http, f"{FORGE}\nimport time\ndef udf(): forge({fields}); time.sleep(5)")
    assert answer.status_code == 422
    assert "ProcessDied" in detail(answer)
    assert value(http, "def udf(): return 'next'") == "next"


def test_a_worker_cannot_have_the_zygote_import_what_it_likes(http, stranger):
    forged = "forge(imported=['this', 'antigravity', 'xml.dom'])"
    assert value(http, f"{FORGE}\ndef udf(): {forged}; os._exit(0)") == 1
    for _ in range(4):  # so that the stranger's next worker is one that was forked since
        call(stranger, "import os\ndef udf(): os._exit(0)")
    names = value(stranger, "import sys\ndef udf(): return list(sys.modules)")
    assert not {"this", "antigravity", "xml.dom"} & set(names)


def test_somebody_else_s_public_code_runs_beside_the_caller_s_own_and_not_in_it(http, stranger):
    code = "import json\n\ndef udf():\n    json.trapped = True\n    return 'shared'\n"
    saved = stranger.post("/api/udfs", json={"name": "trap", "code": code, "publicRead": True})
    assert saved.status_code == 201, saved.text
    by_name = "/server/v1/realtime/local/api/v1/run/udf/saved/stranger@example.org/trap"
    for n in range(3):
        assert http.get(by_name, params={"format": "json", "cache_max_age": "0s", "n": n}).json() == "shared"
        assert value(http, "import json\ndef udf(): return hasattr(json, 'trapped')") is False


def test_a_result_with_code_in_it_is_never_run_by_the_server(http, server, tmp_path):
    mark = tmp_path / "pwned"
    answer = call(
        http,
        f"import os\nclass Evil:\n    def __reduce__(self): return os.system, ('touch {mark}',)\n"
        f"    __repr__ = __str__ = lambda self: str(os.getpid())\ndef udf(): return Evil()",
    )
    assert answer.status_code == 422
    assert "cannot be written as json" in detail(answer)
    assert not mark.exists()


def test_data_folders_are_seen_and_nothing_beside_them(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "here.txt").write_text("here")
    (tmp_path / "beside.txt").write_text("beside")
    with serving(tmp_path / "home", data_folders=tmp_path / "data") as server, server.client() as client:
        assert value(client, f"def udf(): return open({str(tmp_path / 'data/here.txt')!r}).read()") == "here"
        refused(client, f"open({str(tmp_path / 'beside.txt')!r}).read()")
        refused(client, f"open({str(tmp_path / 'data/new.txt')!r}, 'w')")


def test_the_network_can_be_taken_away(tmp_path):
    with serving(tmp_path / "home", network="none") as server, server.client() as client:
        assert "unreachable" in refused(client, f"socket.create_connection(('127.0.0.1', {server.port}), 2)")


def _ignore(action) -> None:
    with suppress(httpx.TransportError):
        action()
