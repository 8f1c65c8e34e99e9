"""PostgreSQL for those who have no login: a connection from a worker, over one of the server's own, as one role.

The server logs in and the worker is told that it has; from then on bytes go to and fro. Which user and which database
are not the worker's to say. The messages are those of PostgreSQL's protocol 3.0 (its documentation, chapter "Frontend/
Backend Protocol").
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from contextlib import suppress
from hashlib import md5
from pathlib import Path

import sqlalchemy as sa
import structlog
from msgspec import Struct

from headrace.errors import Unavailable

PORT = 5432
SECONDS = 10.0  # to be let in
PIECE = 64 << 10
LONGEST = 10_000  # bytes of a message before somebody is let in; libpq's own limit is about that
VERSION, CANCEL, TLS, GSS = 196_608, 80_877_102, 80_877_103, 80_877_104
SWITCHED_OFF = "08006"  # SQLSTATE: connection failure
MECHANISM = "SCRAM-SHA-256"

log = structlog.get_logger(__name__)


class Login(Struct, frozen=True):
    """Where the database is, and as whom."""

    url: str
    user: str
    password: str


async def relay(reader: StreamReader, writer: StreamWriter, login: Login) -> None:
    """Serve one connection of a worker until either side ends it. What goes wrong is told as the database tells it."""
    try:
        async with asyncio.timeout(SECONDS):
            asked = await _asked(reader, writer)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return  # who came has left
    if asked is None:
        return
    try:
        async with asyncio.timeout(SECONDS):
            far_reader, far_writer = await _connect(sa.make_url(login.url))
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ssl.SSLError, Unavailable) as away:
        await _refuse(writer, away)
        return
    try:
        if asked:  # to cancel what another connection does: nobody answers that
            far_writer.write(asked)
            await far_writer.drain()
            return
        try:
            async with asyncio.timeout(SECONDS):
                await _enter(far_reader, far_writer, login)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, Unavailable) as away:
            await _refuse(writer, away)
            return
        writer.write(_message(b"R", (0).to_bytes(4, "big")))  # AuthenticationOk
        directions = [
            asyncio.ensure_future(_pump(reader, far_writer)),
            asyncio.ensure_future(_pump(far_reader, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in directions:
                one.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
    finally:
        # Everything was sent; to close in order would wait for the other end of a TLS connection as well.
        far_writer.transport.abort()


async def _asked(reader: StreamReader, writer: StreamWriter) -> bytes | None:
    """What a worker begins with: empty where it wants in, else its request to cancel; None for neither."""
    while True:
        head = await reader.readexactly(8)
        length, code = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
        if not 8 <= length <= LONGEST:
            return None
        rest = await reader.readexactly(length - 8)
        if code in (TLS, GSS):  # the socket goes nowhere that either would hide it from
            writer.write(b"N")
        elif code == CANCEL:
            return head + rest
        else:
            return b"" if code >> 16 == VERSION >> 16 else None


async def _connect(url: sa.URL) -> tuple[StreamReader, StreamWriter]:
    host, port = url.host or _option(url, "host") or "localhost", url.port or int(_option(url, "port") or PORT)
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}", limit=PIECE)
    reader, writer = await asyncio.open_connection(host, port, limit=PIECE)
    mode = _option(url, "sslmode") or "prefer"
    try:
        if mode not in ("disable", "allow"):
            writer.write((8).to_bytes(4, "big") + TLS.to_bytes(4, "big"))
            if await reader.readexactly(1) == b"S":
                await writer.start_tls(_trust(url, mode), server_hostname=host)
            elif mode != "prefer":
                raise Unavailable("The database offers no TLS, which its address asks for.")
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


def _trust(url: sa.URL, mode: str) -> ssl.SSLContext:
    """Whom to believe, by libpq's words for it: `require` alone checks no certificate."""
    if mode not in ("verify-ca", "verify-full"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    root = _option(url, "sslrootcert") or str(Path("~/.postgresql/root.crt").expanduser())
    context = ssl.create_default_context(cafile=None if root == "system" else root)
    context.check_hostname = mode == "verify-full"
    return context


async def _enter(reader: StreamReader, writer: StreamWriter, login: Login) -> None:
    """Log in as the role. Raises Unavailable with the database's own sentence."""
    from scramp import ScramException

    url = sa.make_url(login.url)
    words = ("user", login.user, "database", url.database or login.user, "application_name", "headrace-warehouse")
    said = b"".join(word.encode() + b"\0" for word in (*words, "client_encoding", "UTF8")) + b"\0"
    writer.write((len(said) + 8).to_bytes(4, "big") + VERSION.to_bytes(4, "big") + said)
    scram = None
    while True:
        kind, body = await _read(reader)
        code, rest = int.from_bytes(body[:4], "big"), body[4:]
        if kind == b"E":
            raise Unavailable(_sentence(body))
        if kind != b"R":
            continue
        if code == 0:
            return
        if code == 5:
            inner = md5((login.password + login.user).encode()).hexdigest()  # noqa: S324 - the protocol's
            outer = md5(inner.encode() + rest[:4]).hexdigest()  # noqa: S324
            writer.write(_message(b"p", f"md5{outer}".encode() + b"\0"))
        elif code == 10:
            scram = _scram(rest.decode().split("\0"), login)
            first = scram.get_client_first().encode()
            size = len(first).to_bytes(4, "big")
            writer.write(_message(b"p", MECHANISM.encode() + b"\0" + size + first))
        elif code in (11, 12) and scram:
            try:
                if code == 11:
                    scram.set_server_first(rest.decode())
                    writer.write(_message(b"p", scram.get_client_final().encode()))
                else:
                    scram.set_server_final(rest.decode())
            except (ScramException, ValueError) as wrong:
                raise Unavailable("What answers there does not know the password of the role.") from wrong
        else:  # a password in the clear is nothing to send wherever the database is
            raise Unavailable("The database lets roles in by neither SCRAM-SHA-256, MD5 nor trust (pg_hba.conf).")


def _scram(mechanisms: Sequence[str], login: Login):  # noqa: ANN202 - scramp is imported on first use
    from scramp import ScramClient

    if MECHANISM not in mechanisms:
        raise Unavailable("The database lets roles in by no SCRAM-SHA-256 (pg_hba.conf).")
    return ScramClient([MECHANISM], login.user, login.password)


async def _read(reader: StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = int.from_bytes(await reader.readexactly(4), "big")
    if not 4 <= length <= LONGEST:
        raise Unavailable("What answers there is no PostgreSQL.")
    return kind, await reader.readexactly(length - 4)


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()


async def _refuse(writer: StreamWriter, wrong: BaseException) -> None:
    log.warning("the catalogue of the warehouse is not reached", error=str(wrong)[:300])
    words = wrong.message if isinstance(wrong, Unavailable) else "The database does not answer; try again in a moment."
    fields = (b"SFATAL", b"VFATAL", f"C{SWITCHED_OFF}".encode(), b"M" + words.encode())
    with suppress(ConnectionError):
        writer.write(_message(b"E", b"".join(field + b"\0" for field in fields) + b"\0"))
        await writer.drain()


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def _sentence(body: bytes) -> str:
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    return fields.get(b"M", "The database refused.")


def _option(url: sa.URL, name: str) -> str | None:
    value = url.query.get(name)
    return value if isinstance(value, str) else value[0] if value else None
