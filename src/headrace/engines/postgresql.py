"""PostgreSQL, and what speaks its protocol: a URL as `postgresql://host:5432/database?sslmode=require`."""

import os
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headrace.engines import Engine, Target, _urls
from headrace.engines._postgresql import Catalogue
from headrace.errors import Forbidden, HostFailed, Invalid, LoginRefused
from headrace.model.database import DATABASE_CREDENTIAL, Login
from headrace.runtime import reach
from headrace.runtime.reach import Bounds

if TYPE_CHECKING:
    import psycopg

LIKE = "postgresql://db.example.org:5432/sales?sslmode=require"
MODES = ("disable", "prefer", "require", "verify-full")
# Of SQLSTATE (PostgreSQL documentation, appendix A).
LOGIN, NO_DATABASE, NOT_ALLOWED, TOO_LONG = "28", "3D", "42501", "57014"


def locate(url: str) -> Target:
    """Where the database is. Raises Invalid."""
    target = _urls.read(url.removeprefix("jdbc:"), {"postgresql": 5432, "postgres": 5432}, LIKE, frozenset({"sslmode"}))
    database = target.path.strip("/")
    if not database or "/" in database:
        raise Invalid(f"Name the database at the end of the URL, as in {LIKE}.")
    if target.options.get("sslmode", "prefer") not in MODES:
        raise Invalid(f"The sslmode of a PostgreSQL URL is one of {', '.join(MODES)}.")
    return target


def authenticate(target: Target, login: Login, bounds: Bounds) -> None:
    """Log in, and ask for nothing."""
    with catalogue(target, login, bounds):
        pass


@contextmanager
def catalogue(target: Target, login: Login, bounds: Bounds) -> Generator[Catalogue]:
    """The catalogue that this user sees, read-only."""
    with _logged_in(target, login, bounds) as connection:
        yield Catalogue(connection)


@contextmanager
def _logged_in(target: Target, login: Login, bounds: Bounds) -> Generator["psycopg.Connection[Any]"]:

    with _told(target, login):
        connection = _connect(target, login, bounds)
    with _told(target, login), reach.watched(connection.fileno(), target.host, bounds), connection:
        # Statements, since a pooler in between takes no options at the start of a connection.
        limit = str(int(bounds.seconds * 1000))
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [limit])
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET search_path = pg_catalog")
        yield connection


def _connect(target: Target, login: Login, bounds: Bounds) -> "psycopg.Connection[Any]":
    import psycopg

    mode = target.options.get("sslmode", "prefer")
    # Where libpq finds a file of authorities it verifies by it in every mode, and in some goes on in clear if it fails.
    authorities = ssl.get_default_verify_paths().cafile or "system" if mode == "verify-full" else f"{os.devnull}/none"
    return psycopg.connect(
        # What is not said here, libpq would look for in the server's own environment and home.
        host=target.host,
        hostaddr=reach.resolve(target.host, target.port, bounds),
        port=target.port,
        dbname=target.path.strip("/"),
        user=login.username,
        password=login.password,
        passfile=os.devnull,
        sslmode=mode,
        sslcertmode="disable",
        sslrootcert=authorities,
        gssencmode="disable",
        client_encoding="UTF8",
        application_name="headrace",
        connect_timeout=max(2, int(bounds.connect_seconds)),
        autocommit=True,
        prepare_threshold=None,
    )


@contextmanager
def _told(target: Target, login: Login) -> Generator[None]:
    """What the database and its driver raise, as sentences without the password, and without what led to them."""
    import psycopg

    try:
        yield
    except psycopg.Error as failed:
        state = failed.sqlstate or ""
        words = _urls.without(login.password, failed.diag.message_primary or str(failed).partition("\n")[0])
        # At the start of a connection libpq has no codes: what the server said comes after its severity.
        if state.startswith((LOGIN, NO_DATABASE)) or "FATAL:" in words or "no password supplied" in words:
            words = words.rpartition("FATAL:")[2].strip()
            problem: Exception = LoginRefused(f"{target.host} refuses this login: {words}.")
        elif state == NOT_ALLOWED:
            problem = Forbidden(f"{target.host} does not let this user do that: {words}.")
        elif state == TOO_LONG:
            problem = HostFailed(f"{target.host} takes longer for that than this server waits.")
        else:
            problem = HostFailed(f"{target.host} does not answer as a PostgreSQL database does: {words}.")
    else:
        return
    raise problem


engine = Engine(
    types=("RemoteHostTypes::Postgres",),
    credential_type=DATABASE_CREDENTIAL,
    locate=locate,
    authenticate=authenticate,
    catalogue=catalogue,
    adapter="postgresql",
)
