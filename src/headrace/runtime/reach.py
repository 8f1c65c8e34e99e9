"""What the server itself may connect to when a user names a host, and for how long.

A name is looked up once; the connection is made to the address that was checked. A cloud's metadata, link-local and
reserved addresses are never connected to (RFC 6890), private networks and this machine where `ALLOW_PRIVATE_HOSTS`
says so. Whatever the other side does, a connection ends after `seconds`, or when it has brought `most_bytes`.
"""

import ipaddress
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from headrace.errors import Forbidden, HostFailed, Invalid
from headrace.runtime.network import addresses_of_host

Kind = Literal["public", "private", "own", "never"]
ALLOWED: dict[str, frozenset[str]] = {
    "none": frozenset({"public"}),
    "private": frozenset({"public", "private"}),
    "all": frozenset({"public", "private", "own"}),
}
NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}\.?)*")
PRIVATE = [
    ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]
# The metadata services of clouds that are at no link-local address: of AWS (IPv6), Alibaba, Oracle and Azure.
METADATA = frozenset({"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"})
TCP_INFO, RECEIVED = 11, 128  # tcp(7): where struct tcp_info counts the bytes that came (linux/tcp.h)
PAUSE = 0.02  # seconds between two looks at a connection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Bounds(Struct, frozen=True, kw_only=True):
    """To where, for how long, and how much."""

    private_hosts: str  # none, private, all
    seconds: float
    most_bytes: int

    @property
    def connect_seconds(self) -> float:
        """How long a connection may take to come about."""
        return self.seconds / 2


def kind_of(text: str) -> Kind:
    """Of which kind an address is: public, of a private network, this machine's own, or one never to connect to."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # the same connection by another name
    if str(address) in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return "never"
    if address.is_loopback or str(address) in _own():
        return "own"
    if any(address in network for network in PRIVATE):
        return "private"
    if address.is_reserved or not address.is_global:
        return "never"
    # An IPv4 address within an IPv6 one leads wherever a gateway likes.
    tunnelled = isinstance(address, ipaddress.IPv6Address) and (address.sixtofour or address.teredo)
    return "never" if tunnelled or address in ipaddress.ip_network("64:ff9b::/96") else "public"


def resolve(host: str, port: int, bounds: Bounds) -> str:
    """The address to connect to.

    Raises Invalid for what is no name of a host, HostFailed for a name that leads nowhere, and Forbidden where one of
    the addresses it leads to may not be connected to.
    """
    if not (NAME.fullmatch(host) or _is_address(host)):
        raise Invalid(f"{host[:100]!r} is no name of a host.")
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise HostFailed(f"The name {host[:100]} leads nowhere; look at how it is spelled.") from None
    kinds = {kind_of(address) for address in found}
    if "never" in kinds:
        raise Forbidden(f"{host[:100]} is at an address that this server connects to for nobody.")
    if refused := kinds - ALLOWED[bounds.private_hosts]:
        where = "on this server's own machine" if "own" in refused else "in a private network"
        wanted = "all" if "own" in refused else "private"
        raise Forbidden(
            f"{host[:100]} is {where}, and this server connects to no such hosts; whoever runs it can allow that with "
            f"ALLOW_PRIVATE_HOSTS={wanted}."
        )
    return min(found, key=lambda one: (":" in one, one))


@contextmanager
def connected(host: str, port: int, bounds: Bounds) -> Generator[socket.socket]:
    """A connection to the host, watched. Raises as `resolve`, and HostFailed where nobody answers."""
    address = resolve(host, port, bounds)
    try:
        connection = socket.create_connection((address, port), timeout=bounds.connect_seconds)
    except TimeoutError:
        raise HostFailed(f"{host} does not answer at port {port} within {bounds.connect_seconds:g} seconds.") from None
    except OSError as refused:
        reason = (refused.strerror or "it cannot be reached").lower()
        raise HostFailed(f"{host} cannot be connected to at port {port}: {reason}.") from None
    with connection, watched(connection.fileno(), host, bounds):
        connection.settimeout(bounds.seconds)
        yield connection


@contextmanager
def watched(fd: int, host: str, bounds: Bounds) -> Generator[None]:
    """Shut the connection down when its time is over or too much has come. Raises HostFailed that says so.

    Libraries wait for each piece anew and keep what comes: neither a host that sends a byte a minute nor one that
    sends without end is theirs to mind.
    """
    told: list[str] = []
    over = threading.Event()
    deadline = time.monotonic() + bounds.seconds

    def watch(connection: socket.socket) -> None:
        while not over.wait(PAUSE):
            if time.monotonic() > deadline:
                told.append(f"{host} takes longer than {bounds.seconds:g} seconds to answer.")
            elif _received(connection) > bounds.most_bytes:
                told.append(f"{host} sends more than {bounds.most_bytes >> 20} MB.")
            if told:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                return

    # Another descriptor of the same connection: the first may be closed, and its number another's, at any moment.
    with socket.socket(fileno=os.dup(fd)) as connection:
        thread = threading.Thread(target=watch, args=(connection,), name="headrace-reach", daemon=True)
        thread.start()
        try:
            yield
        except Exception:
            if told:
                raise HostFailed(told[0]) from None
            raise
        finally:
            over.set()
            thread.join()
    if told:
        raise HostFailed(told[0])


def _received(connection: socket.socket) -> int:
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, TCP_INFO, RECEIVED + 8)
    except OSError:
        return 0
    return struct.unpack_from("Q", info, RECEIVED)[0] if len(info) == RECEIVED + 8 else 0


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _own() -> set[str]:
    """The addresses of this machine."""
    found = set(addresses_of_host())
    with suppress(OSError):
        rows = Path("/proc/net/if_inet6").read_text().split("\n")
        found |= {str(ipaddress.IPv6Address(bytes.fromhex(row[:32]))) for row in rows if row}
    return found
