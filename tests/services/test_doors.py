"""Doors: what a worker reaches through one of PostgreSQL and of the bucket, and what nobody does."""

import contextlib
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import postgres
from conftest import wait_until
from headrace.db import lakes
from headrace.db.engine import Database
from headrace.engines._shelf import Shelf
from headrace.model import shelf
from headrace.services import doors as module
from headrace.services.doors import Doors
from headrace.settings import Settings
from headrace.store.blobs import Blobs
from headrace.store.cipher import Cipher
from ports import free_port

KEY = bytes(range(32))


class House:
    """Doors over a database and a store, and who comes to them; its schema has a number that no other test's has."""

    numbers = count(1)

    def __init__(self, home, url, store):
        self.home, self.url = home, url
        self.number = next(self.numbers)
        self.lake, self.prefix = f"lake_{self.number}", f"lake/{self.number}"
        self.db, self.blobs = Database(url), Blobs(store)
        self.doors = Doors(Settings(home=home, database_url=url), self.db, self.blobs, Cipher(KEY))

    def folder(self, number=None, *, writable=True):
        return (
            self.home / "lake" / self.doors.open(number or self.number, writable=writable, catalogue=True, store=True)
        )

    def enter(self, number=None, *, writable=True, **said):
        said = {"user": "worker", "dbname": "warehouse"} | said
        host = str(self.folder(number, writable=writable))
        return psycopg.connect(host=host, autocommit=True, connect_timeout=20, **said)

    def shelf(self, *, writable=True):
        return Shelf({"1": str(self.folder(writable=writable) / module.STORE)})

    def close(self):
        self.doors.close()
        self.db.close()


@pytest.fixture
def open_house(tmp_path_factory):
    with contextlib.ExitStack() as all_of_them:

        def opened(url, store=None):
            home = tmp_path_factory.mktemp("h")
            house = House(home, url, store or home / "store")
            all_of_them.callback(house.close)
            return house

        yield opened


@pytest.fixture(scope="module")
def url(postgresql):
    """One database for all of them, since a fresh one is a thousand files."""
    return postgresql.fresh()


@pytest.fixture
def house(open_house, url):
    return open_house(url)


def asked(connection, text):
    return connection.execute(text).fetchone()[0]


@pytest.mark.parametrize("writable", [True, False])
def test_who_enters_is_the_role_of_the_door_whatever_they_say(house, writable):
    with house.enter(writable=writable, user="postgres", dbname="postgres", password="x") as inside:
        assert asked(inside, "select current_user").endswith(f"_{house.number}_{'w' if writable else 'r'}")
        assert asked(inside, "select session_user = current_user")
        assert asked(inside, "select current_database()") == house.url.rpartition("/")[2]
        assert asked(inside, "select rolcanlogin and not (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls) "
                     "from pg_roles where rolname = current_user")  # fmt: skip


REACHING = (
    "select * from public.users",
    "select digest from public.api_keys",
    "insert into public.users (id) values (1)",
    "create table public.mine (a int)",
    "create schema mine",
    "select * from {other}.ducklake_table",
    "create table {other}.mine (a int)",
    "set role postgres",
    "set session authorization postgres",
    "alter role postgres password 'x'",
    "create role mine",
    "select pg_read_file('/etc/passwd')",
    "copy (select 1) to program 'id'",
    "copy (select 1) to '/tmp/x'",
    "select rolpassword from pg_authid",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "create extension dblink",
)


@pytest.mark.parametrize("text", REACHING)
def test_who_is_inside_reaches_nothing_but_the_catalogue(house, text):
    other = f"lake_{(number := next(House.numbers))}"
    with house.enter(number) as owner:
        owner.execute(f"create table {other}.ducklake_table (a int)")
    with house.enter() as inside:
        inside.execute(f"create table {house.lake}.mine (a int)")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
            inside.execute(text.format(other=other))


def test_who_may_only_read_a_catalogue_changes_nothing_in_it(house):
    with house.enter() as inside:
        inside.execute(f"create table {house.lake}.later (a int)")
        inside.execute(f"insert into {house.lake}.later values (7)")
    with house.enter(writable=False) as reader:
        assert asked(reader, f"select a from {house.lake}.later") == 7
        for text in (
            f"insert into {house.lake}.later values (1)",
            f"drop table {house.lake}.later",
            f"create table {house.lake}.x (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(text)


CANCELLING = """
import sys, threading, psycopg
with psycopg.connect(host=sys.argv[1], user="worker", dbname="warehouse", autocommit=True) as inside:
    threading.Timer(0.3, inside.cancel).start()
    try:
        inside.execute("select pg_sleep(60)")
    except psycopg.errors.QueryCanceled:
        print("cancelled")
"""


def test_a_statement_is_cancelled_through_the_door(house):
    # In a process of its own: to cancel holds Python's lock, which the doors of this one need.
    command = [sys.executable, "-c", CANCELLING, str(house.folder())]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout == "cancelled\n"


def test_a_connection_that_is_dropped_ends_what_it_began(house):
    with house.enter() as inside:
        inside.execute(f"create table {house.lake}.t (a int)")
        inside.execute("begin")
        inside.execute(f"insert into {house.lake}.t values (1)")
        socket.socket(fileno=inside.fileno()).close()  # as the end of its process would
        with house.enter() as another:
            another.execute(f"alter table {house.lake}.t add b int")  # which waits for who holds the table
            assert asked(another, f"select count(*) from {house.lake}.t") == 0
        with contextlib.suppress(psycopg.Error):
            inside.close()


def test_a_schema_that_is_deleted_is_gone_with_its_roles_and_a_new_one_of_its_number_is_empty(house):
    with house.enter() as inside:
        inside.execute(f"create table {house.lake}.ducklake_metadata (a int)")
    house.enter(writable=False).close()
    assert house.doors.holds(house.number)
    # By their whole names: other databases of the server have a schema of this number too.
    of_the_schema = "select count(*) from pg_roles where rolname in ('{1}', '{2}')".format(*lakes_of(house))
    with psycopg.connect(house.url) as one:
        assert asked(one, of_the_schema) == 2
    with house.db.begin() as connection:
        lakes.drop(connection, house.number)
    house.doors.remove(house.number)
    with psycopg.connect(house.url) as one:
        assert asked(one, of_the_schema) == 0
        assert asked(one, f"select to_regnamespace('{house.lake}') is null")
    assert not house.doors.holds(house.number)


def test_a_database_that_is_away_is_told_of_in_a_sentence(house):
    house.folder()
    house.doors.remove(house.number)
    house.doors._laid[house.number] = lakes.Roles(house.lake, "w", "r")
    house.doors._settings = Settings(home=house.home, database_url=f"postgresql://127.0.0.1:{free_port()}/x")
    with pytest.raises(psycopg.OperationalError, match="The database does not answer; try again in a moment"):
        house.enter()


def test_a_wrong_password_is_refused_in_the_words_of_the_database(house):
    house.folder()
    house.doors._secret = b"another secret key"
    house.doors.remove(house.number)
    house.doors._laid[house.number] = lakes.Roles(*lakes_of(house))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        house.enter()


def lakes_of(house):
    with house.db.read() as connection:
        roles = lakes.roles_of(connection, house.number)
    return roles.namespace, roles.writer, roles.reader


BEGINNINGS = (
    b"GET / HTTP/1.1\r\n\r\n",
    bytes(8),
    (1 << 31).to_bytes(4, "big") * 2,
    (8).to_bytes(4, "big") + (2 << 16).to_bytes(4, "big"),
    (20_000).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + bytes(20_000),
)


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=range(len(BEGINNINGS)))
def test_what_is_no_beginning_is_answered_by_the_door_being_shut(house, beginning):
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(house.folder() / module.CATALOGUE))
        with contextlib.suppress(ConnectionError):
            caller.sendall(beginning)
            assert caller.recv(100) == b""


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory):
    """A cluster that lets roles in over TLS alone: its URL, and the certificate that it shows."""
    for cluster in postgres.cluster():
        url = cluster.fresh()
        with psycopg.connect(url, autocommit=True) as connection:
            data = Path(asked(connection, "show data_directory"))
            certificate = certify(data)
            rules = "host all postgres all trust\nhostssl all all all scram-sha-256\n"
            (data / "pg_hba.conf").write_text(rules)
            connection.execute("alter system set ssl = on")
            connection.execute("select pg_reload_conf()")

        def answers(url=url):
            with psycopg.connect(url) as one:
                return asked(one, "select ssl from pg_stat_ssl where pid = pg_backend_pid()")

        wait_until(answers)
        known = tmp_path_factory.mktemp("known") / "root.crt"
        known.write_bytes(certificate)
        yield url, known


def certify(data):
    """Give a cluster a certificate for `localhost`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    text = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (data / "server.crt").write_bytes(text)
    (data / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    (data / "server.key").chmod(0o600)
    for file in ("server.crt", "server.key"):
        shutil.chown(data / file, data.stat().st_uid, data.stat().st_gid)
    return text


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_the_way_from_the_door_to_the_database_is_encrypted(open_house, encrypted, mode):
    url, known = encrypted
    url = url.replace("127.0.0.1", "localhost") + f"?sslmode={mode}&sslrootcert={known}"
    with open_house(url).enter() as inside:
        assert asked(inside, "select ssl from pg_stat_ssl where pid = pg_backend_pid()")


def test_a_database_with_another_certificate_or_name_is_not_spoken_to(open_house, encrypted, tmp_path):
    url, known = encrypted
    house = open_house(url)
    house.folder()
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    certify(stranger)
    for host, root in (("localhost", stranger / "server.crt"), ("127.0.0.1", known)):
        house.doors.remove(house.number)
        wanted = url.replace("127.0.0.1", host) + f"?sslmode=verify-full&sslrootcert={root}"
        house.doors._settings = Settings(home=house.home, database_url=wanted)
        house.doors._laid[house.number] = lakes.Roles(*lakes_of(house))
        with pytest.raises(psycopg.OperationalError, match="does not answer"):
            house.enter()


def test_a_database_without_tls_is_not_spoken_to_where_its_address_asks_for_it(house):
    house.folder()
    house.doors.remove(house.number)
    house.doors._settings = Settings(home=house.home, database_url=f"{house.url}?sslmode=require")
    house.doors._laid[house.number] = lakes.Roles(*lakes_of(house))
    with pytest.raises(psycopg.OperationalError, match="offers no TLS"):
        house.enter()


def test_a_user_who_may_make_no_roles_keeps_catalogues_in_sqlite(postgresql, open_house):
    url = postgresql.fresh()
    name = url.rpartition("/")[2]
    postgresql.person(f"plain_{name}", "secret")
    with psycopg.connect(url, autocommit=True) as one:
        one.execute(f"grant all on all tables in schema public to plain_{name}")
    house = open_house(url.replace("postgres@", f"plain_{name}:secret@"))
    assert house.doors.catalogue == "sqlite"
    assert open_house(url).doors.catalogue == "postgresql"


def test_a_user_who_may_make_roles_and_is_no_superuser_can_keep_and_drop_a_catalogue(postgresql, open_house):
    url = postgresql.fresh()
    name = url.rpartition("/")[2]
    postgresql.person(f"maker_{name}", "secret")
    with psycopg.connect(url, autocommit=True) as one:
        one.execute(f"alter role maker_{name} createrole")
        one.execute(f"grant create on database {name} to maker_{name}")
    house = open_house(url.replace("postgres@", f"maker_{name}:secret@"))
    assert house.doors.catalogue == "postgresql"
    with house.enter() as inside:
        inside.execute(f"create table {house.lake}.ducklake_metadata (a int)")
    with house.enter(writable=False) as reader:
        assert asked(reader, f"select count(*) from {house.lake}.ducklake_metadata") == 0
    assert house.doors.holds(house.number)
    with house.db.begin() as connection:
        lakes.drop(connection, house.number)


@pytest.fixture(params=["folder", "bucket"])
def stored(request, open_house, url, tmp_path_factory):
    if request.param == "bucket":
        with pytest.MonkeyPatch.context() as patch:
            for name, value in request.getfixturevalue("s3").items():
                patch.setenv(name, value)
            return open_house(url, f"s3://headrace/{tmp_path_factory.mktemp('s').name}")
    return open_house(url)


def test_what_is_written_through_a_door_is_read_back_in_any_part(stored):
    files, data = stored.shelf(), bytes(range(256)) * 20_000
    with contextlib.closing(files.open("lake://1/main/a.parquet", "wb")) as file:
        for at in range(0, len(data), 3_000_000):
            assert file.write(data[at : at + 3_000_000]) == len(data[at : at + 3_000_000])
    assert files.size("lake://1/main/a.parquet") == len(data)
    assert stored.blobs.get(f"{stored.prefix}/main/a.parquet") == data
    reading = stored.shelf(writable=False).open("lake://1/main/a.parquet")
    for at, length in ((0, 10), (1_000_001, 2_000_000), (len(data) - 5, 100), (len(data) + 5, 10), (7, 0)):
        reading.seek(at)
        assert reading.read(length) == data[at : at + length]
    assert files.ls("lake://1/main", detail=False) == ["1/main/a.parquet"]
    files.rm_file("lake://1/main/a.parquet")
    assert not files.exists("lake://1/main/a.parquet")


def test_what_is_not_written_to_its_end_is_not_there(stored):
    files = stored.shelf()
    file = files.open("lake://1/half.parquet", "wb")
    file.write(bytes(20 << 20))
    file._opened.close()
    assert not files.exists("lake://1/half.parquet")
    files.open("lake://1/empty.parquet", "wb").close()
    assert files.size("lake://1/empty.parquet") == 0
    wait_until(lambda: not stored.doors._passing or len(stored.doors._passing) == 1)
    assert not files.exists("lake://1/half.parquet")


def test_who_may_only_read_writes_and_deletes_nothing(stored):
    stored.blobs.put(f"{stored.prefix}/a.parquet", b"a")
    files = stored.shelf(writable=False)
    with pytest.raises(OSError, match="read here, and not written"):
        files.rm_file("lake://1/a.parquet")
    with pytest.raises(OSError, match="read here, and not written"):
        files.open("lake://1/a.parquet", "wb").close()
    assert stored.blobs.get(f"{stored.prefix}/a.parquet") == b"a"


@pytest.mark.parametrize(
    "key", ["../{}0/b.parquet", "x/../../{}0/b.parquet", "/../{}0/b.parquet", "..", "", "./b.parquet"]
)
def test_nothing_beside_the_schema_is_reached(stored, key):
    stored.blobs.put(f"{stored.prefix}0/b.parquet", b"b")
    key = key.format(stored.number)
    with stored.folder() and socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(stored.folder() / module.STORE))
        for request in (shelf.Stat(key), shelf.Remove(key), shelf.Listing(key)):
            caller.sendall(shelf.encode(request))
            size = int.from_bytes(caller.recv(shelf.LENGTH, socket.MSG_WAITALL), "big")
            answer = shelf.decode_answer(caller.recv(size, socket.MSG_WAITALL))
            assert answer.problem or not answer.names
        caller.sendall(shelf.encode(shelf.Read(key, 0, 1)))
        size = int.from_bytes(caller.recv(shelf.LENGTH, socket.MSG_WAITALL), "big")
        assert shelf.decode_answer(caller.recv(size, socket.MSG_WAITALL)).problem
    assert stored.blobs.get(f"{stored.prefix}0/b.parquet") == b"b"


def test_a_file_that_was_deleted_since_is_missing_and_not_read_as_something_else(stored):
    stored.blobs.put(f"{stored.prefix}/a.parquet", bytes(100))
    files = stored.shelf()
    reading = files.open("lake://1/a.parquet")
    assert reading.read(10) == bytes(10)
    stored.blobs.delete(f"{stored.prefix}/a.parquet")
    with pytest.raises(FileNotFoundError):
        reading.read(10)
    stored.blobs.put(f"{stored.prefix}/b.parquet", b"b")
    assert files.open("lake://1/b.parquet").read() == b"b"


def test_a_door_that_was_shut_and_opened_again_serves_who_was_inside(stored):
    stored.blobs.put(f"{stored.prefix}/a.parquet", b"abc")
    files = stored.shelf()
    assert files.size("lake://1/a.parquet") == 3
    stored.doors.close()
    stored.folder()
    reading = files.open("lake://1/a.parquet")
    assert reading.read() == b"abc"


def test_the_door_that_was_asked_for_longest_ago_is_shut_and_opens_again(house, monkeypatch):
    monkeypatch.setattr(module, "OPEN", 2)
    first = house.folder()
    house.folder(10_001)
    house.folder(10_002)
    assert not list(first.iterdir())
    assert sorted(path.name for path in house.folder().iterdir()) == sorted([module.CATALOGUE, module.STORE])


def test_who_comes_while_as_many_as_may_are_inside_waits_until_one_leaves(house, monkeypatch):
    monkeypatch.setattr(module, "PASSING", 1)
    first = house.enter()
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(house.enter)
        wait_until(lambda: len(house.doors._passing) == 2)
        assert asked(first, "select 1") == 1
        assert not second.done()
        first.close()
        with second.result(30) as inside:
            assert asked(inside, "select 2") == 2


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_said_at_the_door_of_the_store_changes_nothing_and_the_next_is_served(house, said):
    house.blobs.put(f"{house.prefix}/a.parquet", b"abc")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(house.folder() / module.STORE))
        with contextlib.suppress(ConnectionError):
            caller.sendall(said)
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(10_000):
                pass
    assert [blob.key for blob in house.blobs.scan("lake")] == [f"{house.prefix}/a.parquet"]
    files = house.shelf()
    assert files.size("lake://1/a.parquet") == 3
    files.__del__()


def test_a_process_that_is_killed_while_it_writes_leaves_nothing(stored):
    code = (
        "import sys; from headrace.engines._shelf import Shelf\n"
        "file = Shelf({'1': sys.argv[1]}).open('lake://1/big.parquet', 'wb')\n"
        "while True: file.write(bytes(1 << 20)); print(flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(stored.folder() / module.STORE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        for _ in range(20):
            writer.stdout.readline()
        writer.kill()
    wait_until(lambda: not stored.doors._passing)
    assert not list(stored.blobs.scan(stored.prefix))
