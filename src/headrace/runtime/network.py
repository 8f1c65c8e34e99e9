"""The network `public`: user code reaches public addresses, and neither this machine nor the networks around it.

    workers ── the zygote's own network namespace ── pasta ── sockets of the host

pasta (of passt) carries what leaves the namespace over sockets of its own, so nothing on the host is changed. What must
not be reached has an unreachable route inside, which workers, without any capability, cannot take away. IPv4 only.
Sources: RFC 6890 (special addresses), rtnetlink(7), passt(1).
"""

import os
import re
import resource
import shutil
import signal
import socket
import struct
import time
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path

from headrace.runtime import fences

MODES = ("none", "public", "host")
TUN = "/dev/net/tun"

# The namespace's own link: addresses that RFC 7335 sets aside for such, which no network routes.
OWN, LENGTH, GATEWAY, RESOLVER = "192.0.0.2", 29, "192.0.0.1", "192.0.0.3"
RESOLV_CONF = Path(__file__).with_name("resolv.conf")  # names RESOLVER; pasta hands it on to the host's resolver

FORBIDDEN = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",  # link-local, the cloud's metadata among it
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)

PATIENCE = 5.0  # seconds that pasta may take to be ready
WORDS = 1 << 16  # bytes kept of what pasta says

NEW_ROUTE, ACKNOWLEDGED_CREATION = 24, 0x1 | 0x4 | 0x400
UNREACHABLE, MAIN_TABLE, STATIC, DESTINATION = 7, 254, 4, 1


def missing() -> str:
    """Why `public` cannot be had on this machine; empty where all it takes is there."""
    if shutil.which("pasta") is None:
        return "pasta is not installed (the system's package passt)"
    return "" if Path(TUN).exists() else f"there is no {TUN}"


def go_public() -> int:
    """Move this process to a network namespace that reaches public addresses only; the process id of its pasta.

    Called before there are threads. Raises OSError with pasta's words where it cannot be done.
    """
    own = addresses_of_host()
    words = os.memfd_create("pasta")
    told, tell = os.pipe()
    zygote = os.getpid()
    pasta = os.fork()
    if not pasta:
        try:
            os.read(told, 1)
            _carry(zygote, words)
        finally:
            os._exit(127)
    fences.unshare(fences.NEWNET)
    os.write(tell, b"!")
    for fd in (told, tell):
        os.close(fd)
    deadline = time.monotonic() + PATIENCE
    while not _has_default_route():
        if os.waitpid(pasta, os.WNOHANG)[0] or time.monotonic() > deadline:
            said = os.pread(words, WORDS, 0).decode("utf-8", "replace")
            raise OSError(f"pasta did not connect the network: {' '.join(said.split())[:500]}")
        time.sleep(0.005)
    os.close(words)
    for network in (*FORBIDDEN, *(f"{address}/32" for address in own)):
        refuse(IPv4Network(network))
    return pasta


def addresses_of_host() -> list[str]:
    """The IPv4 addresses of this network namespace, loopback and private ones too."""
    known = Path("/proc/net/fib_trie").read_text()
    return sorted(set(re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", known)) - {"127.0.0.1"})


def refuse(network: IPv4Network) -> None:
    """Have whoever connects to the network be told that it cannot be reached."""
    address = network.network_address.packed
    route = struct.pack(
        "8BI", socket.AF_INET, network.prefixlen, 0, 0, MAIN_TABLE, STATIC, 0, UNREACHABLE, 0
    ) + struct.pack("HH4s", 8, DESTINATION, address)
    message = struct.pack("IHHII", 16 + len(route), NEW_ROUTE, ACKNOWLEDGED_CREATION, 1, 0) + route
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(message)
        error = -struct.unpack_from("i", netlink.recv(4096), 16)[0]
    if error:
        raise OSError(error, f"no route against {network}: {os.strerror(error)}")


def _carry(zygote: int, words: int) -> None:
    """Become pasta, in the network that the zygote has just left."""
    namespace = os.open(f"/proc/{zygote}/ns/net", os.O_RDONLY)
    os.set_inheritable(namespace, True)
    for descriptor in (1, 2):
        os.dup2(words, descriptor)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # it takes a signal that is ignored already for an error
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (WORDS, WORDS))
    link = ["--config-net", "-4", "-a", OWN, "-n", str(LENGTH), "-g", GATEWAY, "--dns-forward", RESOLVER]
    closed = ["-t", "none", "-u", "none", "-T", "none", "-U", "none", "--no-map-gw"]
    quiet = ["--foreground", "--quiet", "--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra"]
    into = ["--runas", "0", "--netns", f"/proc/self/fd/{namespace}"]
    os.execvp("pasta", ["pasta", *quiet, *link, *closed, *into])  # noqa: S606, S607 - found on PATH, no shell


def _has_default_route() -> bool:
    rows = (line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:])
    return any(row[1] == "00000000" and row[7] == "00000000" for row in rows)
