"""What user code reaches with HEADRACE_NETWORK=public: public addresses, over real interfaces, and nothing nearer."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from calling import call, detail, value
from conftest import serving, wait_until
from headrace.runtime import environment, network
from processes import carriers

OUTSIDE = "198.51.100.2"  # RFC 5737: an address for documentation, here that of another "machine"
NEAR = "198.51.100.1"  # this machine's side of the wire

pytestmark = pytest.mark.skipif(
    bool(network.missing()) or environment.bubblewrap() is None,
    reason=f"HEADRACE_NETWORK=public cannot be given here: {network.missing() or 'bubblewrap is not installed'}",
)

CONNECT = """
import socket
def udf(host: str, port: int):
    try:
        with socket.create_connection((host, port), 5) as connection:
            return connection.recv(64).decode()
    except OSError as error:
        return type(error).__name__ + ": " + str(error)
"""

GREET = """
import socket, sys
with socket.create_server((sys.argv[1], 8123)) as server:
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        connection.sendall(b"from outside")
        connection.close()
"""


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("public") / "home", network="public") as server:
        yield server


@pytest.fixture(scope="module")
def http(public):
    with public.client() as client:
        yield client


@pytest.fixture
def another_machine():
    """A network namespace at the end of a wire, with a server that greets; the port of it."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("making a second network takes root and iproute2")
    name = f"hr{os.getpid()}"
    with ExitStack() as ending:

        def run(*words):
            subprocess.run(words, check=True, capture_output=True, timeout=20)

        run("ip", "netns", "add", name)
        ending.callback(run, "ip", "netns", "del", name)
        run("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        ending.callback(subprocess.run, ["ip", "link", "del", f"{name}a"], capture_output=True, timeout=20)
        run("ip", "addr", "add", f"{NEAR}/30", "dev", f"{name}a")
        run("ip", "link", "set", f"{name}a", "up")
        run("ip", "-n", name, "addr", "add", f"{OUTSIDE}/30", "dev", f"{name}b")
        run("ip", "-n", name, "link", "set", f"{name}b", "up")
        greeter = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", GREET, OUTSIDE], stdout=subprocess.PIPE
        )
        ending.enter_context(greeter)  # closes its pipe and waits, once it is killed
        ending.callback(greeter.kill)
        assert greeter.stdout.readline() == b"ready\n"
        yield 8123


def test_another_machine_s_public_address_is_reached_and_this_machine_s_is_not(tmp_path, another_machine):
    with (
        serving(tmp_path / "home", network="public") as server,
        server.client() as client,
        socket.create_server((NEAR, 0)) as near,
    ):
        assert value(client, CONNECT, host=OUTSIDE, port=another_machine) == "from outside"
        assert "No route" in value(client, CONNECT, host=NEAR, port=near.getsockname()[1])


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "198.18.0.1", "240.0.0.1"]
)
def test_private_and_link_local_addresses_are_refused_at_once(http, host):
    assert "No route" in value(http, CONNECT, host=host, port=80)


def test_this_machine_is_not_reached_by_any_of_its_names(http, public):
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "127.1.2.3", "::1", *network.addresses_of_host()):
        assert "Error" in value(http, CONNECT, host=host, port=public.port), host


def test_a_route_cannot_be_taken_away_from_inside(http):
    answer = call(http, "import socket\ndef udf(): socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)")
    assert answer.status_code == 422, answer.text
    assert "Error" in detail(answer)


def test_names_are_looked_up_where_the_host_looks(http):
    assert value(http, "def udf(): return open('/etc/resolv.conf').read()") == f"nameserver {network.RESOLVER}\n"
    try:
        expected = socket.gethostbyname("pypi.org")
    except OSError:
        expected = None
    found = value(
        http,
        "import socket\ndef udf():\n    try: return socket.gethostbyname('pypi.org')\n    except OSError: return None",
    )
    assert (found is None) == (expected is None)


def test_when_what_carries_the_network_dies_the_next_call_has_one_again(tmp_path):
    with serving(tmp_path / "home", network="public") as server, server.client() as client:
        assert value(client, "def udf(): return 1") == 1
        (pasta,) = carriers(server.process.pid)
        os.kill(pasta, signal.SIGKILL)
        wait_until(lambda: carriers(server.process.pid) not in ([], [pasta]))
        assert "No route" in value(client, CONNECT, host="10.0.0.1", port=80)


def test_without_it_a_server_that_asks_for_it_does_not_start(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bwrap").symlink_to(environment.bubblewrap())
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "up", "--home", str(tmp_path / "home"), "--port", "0"],
        env={"PATH": str(folder), "HOME": str(tmp_path), "HEADRACE_NETWORK": "public"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "pasta is not installed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="putting another program in pasta's place takes root")
def test_where_it_turns_out_not_to_work_and_was_not_asked_for_user_code_has_the_host_s(tmp_path):
    broken = tmp_path / "pasta"
    broken.write_text("#!/bin/sh\necho it cannot work here >&2\nexit 1\n")
    broken.chmod(0o755)
    place = shutil.which("pasta")
    command = [sys.executable, "-m", "headrace", "doctor", "--json", "--home", str(tmp_path / "home")]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'mount --bind {broken} {place} && exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = json.loads(done.stdout)
    assert said["machine"]["network"].startswith("what the host reaches"), done.stderr
    assert [finding["claimed"] for finding in said["findings"] if finding["fence"] == "network"] == [False, False]
