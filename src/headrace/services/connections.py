"""Connecting to a host for a user: with which login, within which bounds, and never in a transaction of our own."""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from headrace import engines
from headrace.db import credentials as rows
from headrace.db import hosts as host_rows
from headrace.engines import Catalogue
from headrace.errors import Invalid
from headrace.model.database import WAREHOUSE, Login, RemoteHost
from headrace.model.object import Level
from headrace.runtime.reach import Bounds
from headrace.services import credentials, hosts, objects, schemas
from headrace.services.call import Call


def check_login(call: Call, *, type: str, url: str, username: str, password: str) -> None:
    """Prove a username and password at a host. Raises LoginRefused, HostFailed, Forbidden, Invalid, Busy."""
    engine = engines.of_type(type)
    if type == WAREHOUSE:
        raise Invalid("The warehouse asks for no password but this server's own keys.")
    _prove(call, engine, url, Login(username, password))


def authenticate(call: Call, host_id: int, login: Login | None, credential_id: int | None) -> None:
    """The same at a registered host, with a login or a credential, else with the caller's own credential for it."""
    host = hosts.get_host(call, host_id)
    login = login or credentials.login_for(call, host, credential_id)
    _prove(call, engines.of_type(host.type), host.url, login)


@contextmanager
def catalogue(
    call: Call, host: RemoteHost, credential_id: int | None = None, login: Login | None = None
) -> Generator[Catalogue]:
    """What is in a database, as a login sees it. Raises as `authenticate`, and Invalid for a host that is none."""
    engine = engines.of_type(host.type)
    if engine.catalogue is None:
        raise Invalid(f"{host.name} is no database.")
    target = engine.locate(host.url)
    if host.type == WAREHOUSE:
        target = msgspec.structs.replace(target, schemas=schemas.open_to(call))
    login = login or credentials.login_for(call, host, credential_id)
    with _one(call), engine.catalogue(target, login, _bounds(call)) as found:
        yield found


def temporary_keys(call: Call, credential_id: int, seconds: int) -> dict[str, str]:
    """Keys for S3 that are good for so long, from a credential that the caller may write.

    Raises NotServed where the server that the credential is for speaks no STS.
    """
    from headrace.engines import s3

    with call.platform.db.read() as connection:
        objects.require(connection, call, credentials.CREDENTIAL, credential_id, Level.WRITE)
        credential = rows.read(connection, [credential_id])[0]
        secret = rows.find_secret(connection, credential_id)
        found = host_rows.read(connection, [credential.remote_host_id or 0])
    host = found[0] if found else None
    if credential.type != credentials.S3 or (host is not None and host.type not in s3.engine.types):
        raise Invalid(f"Temporary keys are made from credentials of the type {credentials.S3} alone.")
    if host is not None:
        credentials.check_place(credential, host)
    target = hosts.target_of(host) if host else None
    login = Login(credential.username, credentials.decrypted(call, credential_id, secret))
    with _one(call):
        return s3.temporary(target, login, seconds, _bounds(call))


def _prove(call: Call, engine: engines.Engine, url: str, login: Login) -> None:
    target = engine.locate(url)
    with _one(call):
        engine.authenticate(target, login, _bounds(call))


@contextmanager
def _one(call: Call) -> Generator[None]:
    with call.platform.outward.one(call.user.id, call.platform.settings.host_connections):
        yield


def _bounds(call: Call) -> Bounds:
    settings = call.platform.settings
    return Bounds(
        private_hosts=settings.private_hosts, seconds=settings.host_seconds, most_bytes=settings.host_answer_mb << 20
    )
