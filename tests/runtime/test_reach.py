"""What the server connects to for users: which addresses, and for how long."""

import socket
import time

import pytest

import mail
from headrace.errors import Forbidden, HostFailed, Invalid
from headrace.runtime import reach
from headrace.runtime.reach import Bounds
from headrace.settings import Settings


def bounds(private_hosts="all", **more):
    return Bounds(private_hosts=private_hosts, **{"seconds": 5, "most_bytes": 1 << 20, **more})


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        ("public", "8.8.8.8 1.1.1.1 2606:4700:4700::1111 ::ffff:8.8.8.8"),
        ("private", "10.0.0.1 172.16.5.4 172.31.255.255 192.168.1.1 100.64.0.1 fd12:3456::1 ::ffff:10.0.0.1"),
        ("own", "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1"),
        ("never", "169.254.169.254 169.254.0.1 ::ffff:169.254.169.254 fe80::1 fe80::1%eth0 fd00:ec2::254"),
        ("never", "100.100.100.200 192.0.0.192 168.63.129.16 0.0.0.0 :: 224.0.0.1 ff02::1 255.255.255.255 240.0.0.1"),
        ("never", "192.0.2.1 198.18.0.1 203.0.113.9 2001:db8::1 2002:7f00:1:: 64:ff9b::7f00:1 64:ff9b::808:808"),
    ],
)
def test_every_address_is_of_a_kind(kind, addresses):
    assert {one: reach.kind_of(one) for one in addresses.split()} == dict.fromkeys(addresses.split(), kind)


def test_an_address_of_this_machines_network_is_its_own():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing, and tells which address would be the sender's
        own = probe.getsockname()[0]
    assert reach.kind_of(own) == "own"


@pytest.mark.parametrize("host", ["a b", "a/b", "a\nb", "", ".", "-a", "a" * 254, "[::1]", "fe80::1%lo", "é", "a:b"])
def test_what_is_no_name_of_a_host_is_not_looked_up(host):
    with pytest.raises(Invalid, match="no name of a host"):
        reach.resolve(host, 80, bounds())


@pytest.mark.parametrize("host", ["0", "2130706433", "0x7f.1", "017700000001", "127.1", "localhost", "LOCALHOST."])
def test_other_spellings_of_this_machine_are_this_machine(host):
    for narrow in ("none", "private"):
        with pytest.raises((Forbidden, HostFailed)):
            reach.resolve(host, 80, bounds(narrow))


def test_how_far_it_goes_is_the_settings():
    with pytest.raises(Forbidden, match="ALLOW_PRIVATE_HOSTS=private"):
        reach.resolve("10.1.2.3", 80, bounds("none"))
    assert reach.resolve("10.1.2.3", 80, bounds("private")) == "10.1.2.3"
    with pytest.raises(Forbidden, match="ALLOW_PRIVATE_HOSTS=all"):
        reach.resolve("127.0.0.1", 80, bounds("private"))
    assert reach.resolve("127.0.0.1", 80, bounds()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ({}, "all"),
        ({"host": "::1"}, "all"),
        ({"host": "0.0.0.0"}, "none"),
        ({"public_url": "https://headrace.example.org"}, "none"),
        ({"host": "0.0.0.0", "allow_private_hosts": "private"}, "private"),
        ({"allow_private_hosts": "none"}, "none"),
    ],
)
def test_a_server_for_many_reaches_public_addresses_alone_unless_told(given, reached):
    assert Settings(**given).private_hosts == reached


def test_a_connection_is_over_when_its_time_is():
    with mail.serving(mail.Hostile(mail.silent)) as server:
        began = time.monotonic()
        with (
            pytest.raises(HostFailed, match="longer than 1 seconds"),
            reach.connected("127.0.0.1", server.port, bounds(seconds=1)) as connection,
        ):
            connection.settimeout(None)
            connection.recv(1)
        assert time.monotonic() - began < 20


def test_a_connection_is_over_when_too_much_came():
    with (
        mail.serving(mail.Hostile(mail.endless(b"220"))) as server,
        pytest.raises(HostFailed, match="more than 1 MB"),
        reach.connected("127.0.0.1", server.port, bounds(seconds=30)) as connection,
    ):
        while connection.recv(65536):
            pass
        raise EOFError


def test_a_connection_that_does_well_is_left_alone():
    with (
        mail.serving(mail.Hostile(lambda connection: connection.sendall(b"hello"))) as server,
        reach.connected("127.0.0.1", server.port, bounds()) as connection,
        connection.makefile("rb") as file,
    ):
        assert file.read() == b"hello"
