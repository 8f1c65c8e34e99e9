"""Credentials: a username and a password for something elsewhere.

A password is kept encrypted and shown to nobody; who may see a credential may have the server use it. It is sent to
the host it was given for, and where that host's address changes, it has to be given again: neither who reads a shared
credential nor who owns the host can have it sent elsewhere.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from headrace import engines
from headrace.db import accounts
from headrace.db import credentials as rows
from headrace.db import hosts as host_rows
from headrace.db import objects as queries
from headrace.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from headrace.model.database import DATABASE_CREDENTIAL, WAREHOUSE, Credential, Login, RemoteHost
from headrace.model.object import Kind, Level, Noun
from headrace.model.page import Page, Slice
from headrace.services import changes, hosts, objects
from headrace.services.call import Call
from headrace.services.objects import Wanted

CREDENTIAL = Noun("credential", Kind.CREDENTIAL)
S3 = "Amazon Web Services S3"
TYPES = (
    S3,
    "Bitbucket",
    "CASS/NCOA PAF",
    "Certificate",
    "Civis Platform",
    "Custom",
    DATABASE_CREDENTIAL,
    "Github",
    "Google",
    "Salesforce Client",
    "Salesforce User",
    "TableauUser",
)
OTHERS = ("OAuth User",)  # known to the protocol, and not made here
LONGEST = 64 << 10  # bytes of a password, which may be a certificate


class NewHost(Struct, frozen=True, kw_only=True):
    """A host to register along with a credential for it."""

    name: str
    type: str
    url: str


class Choice(Struct, frozen=True, kw_only=True):
    """Which credentials a list is to hold; None asks for nothing."""

    types: Sequence[str] | None = None
    remote_host_id: int | None = None
    default: bool = False  # the caller's default one, of databases where no type is named
    system: bool = False
    users: Sequence[int] | None = None
    name: str | None = None
    provider: str | None = None


def list_credentials(call: Call, choice: Choice, page: Page) -> Slice[Credential]:
    """A page of the credentials that the caller may see. Raises Invalid for a type that is not known."""
    for type_ in choice.types or ():
        if type_ not in (*TYPES, *OTHERS):
            raise Invalid(f"No credential is of the type {type_[:60]!r}; there are {', '.join((*TYPES, *OTHERS))}.")
    more: list[sa.ColumnElement[bool]] = []
    types = choice.types or ((DATABASE_CREDENTIAL,) if choice.default else None)
    if types is not None:
        more.append(rows.of_types(types))
    if choice.default:
        more.append(rows.defaults_of(call.user.id))
    if choice.remote_host_id is not None:
        more.append(rows.of_host(choice.remote_host_id))
    if choice.users is not None:
        more.append(rows.of_users(choice.users))
    if choice.system:
        more.append(rows.of_system() if call.user.admin else sa.false())
    if choice.provider is not None:  # none is made by a provider's login
        more.append(sa.false())
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, CREDENTIAL, Wanted(text=choice.name), page, *more)
        return Slice(rows.read(connection, found.items), found.total)


def get_credential(call: Call, credential_id: int) -> Credential:
    """A credential that the caller may see, without its password. Raises NotFound."""
    with call.platform.db.read() as connection:
        return _found(connection, call, credential_id)


def create_credential(
    call: Call,
    *,
    type: str,
    username: str,
    password: str,
    name: str | None = None,
    description: str | None = None,
    remote_host_id: int | None = None,
    remote_host: NewHost | None = None,
    state: str | None = None,
    default: bool = False,
    system: bool = False,
    user_id: int | None = None,
) -> Credential:
    """A new credential of the caller's; for an administrator, of anybody's. Raises Invalid, Forbidden, TooLarge."""
    _check_type(type)
    _check_password(password)
    if system or (user_id is not None and user_id != call.user.id):
        call.require_admin()
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        owner_id = user_id if user_id is not None else call.user.id
        owner = accounts.find_user(connection, id=owner_id)
        if owner is None or not owner.active:
            raise Invalid(f"There is no user {owner_id} to keep a credential for.")
        host = _host(connection, call, remote_host_id, remote_host)
        values = {
            "name": name or username,
            "type": type,
            "username": username,
            "description": description,
            "remote_host_id": host.id if host else None,
            "is_default": default,
            "settings": _settings({}, state=state, system=system, host=host),
        }
        if default:
            rows.clear_default(connection, owner_id, type)
        made = rows.insert(connection, owner_id=owner_id, secret=b"", created_at=now, updated_at=now, **values)
        secret = call.platform.cipher.encrypt(password, _purpose(made))
        queries.update(connection, CREDENTIAL, made, secret=secret)
        changes.record(connection, call, "create", Kind.CREDENTIAL, made, None, values, name=name or username)
        return rows.read(connection, [made])[0]


def update_credential(
    call: Call,
    credential_id: int,
    given: dict[str, Any],
    *,
    password: str | None = None,
    remote_host: NewHost | None = None,
) -> Credential:
    """Change a credential that the caller may write: what is in `given`, and the password where there is one.

    A credential goes to another host only with its password, given anew. Which is a user's default is theirs to say.
    Raises Invalid, Conflict, Forbidden, NotFound.
    """
    if "type" in given:
        _check_type(given["type"])
    if password is not None:
        _check_password(password)
    with call.platform.db.begin() as connection:
        before = _found(connection, call, credential_id, Level.WRITE)
        moved = remote_host is not None or given.get("remote_host_id", before.remote_host_id) != before.remote_host_id
        _check_embedded(connection, before, {**given, "password": password} if password is not None else given, moved)
        if moved and password is None:
            raise Invalid("Give the password too: it is to be sent to another host than the one it was given for.")
        host = _host(connection, call, given.get("remote_host_id", before.remote_host_id), remote_host, before)
        values = {name: given[name] for name in ("name", "type", "username", "description") if name in given}
        values |= {"remote_host_id": host.id if host else None}
        settings = _settings(
            before.settings,
            state=given.get("state", before.settings.get("state")),
            system=given.get("system", before.settings.get("system", False)),
            host=host if password is not None else None,
        )
        if settings.get("system", False) != before.settings.get("system", False):
            call.require_admin()
        values |= {"settings": settings} | _default(connection, call, before, given)
        old = {field: getattr(before, field) for field in values}
        changed: dict[str, Any] = dict(values)
        if password is not None:
            values["secret"] = call.platform.cipher.encrypt(password, _purpose(credential_id))
            changed["password"] = "changed"  # noqa: S105 - that it did, not what it is
        queries.update(connection, CREDENTIAL, credential_id, updated_at=datetime.now(UTC), **values)
        changes.record(connection, call, "update", Kind.CREDENTIAL, credential_id, old, changed, name=before.name)
        return rows.read(connection, [credential_id])[0]


def delete_credential(call: Call, credential_id: int) -> None:
    """Forget a credential that the caller manages. Raises Conflict for the one of the warehouse."""
    with call.platform.db.begin() as connection:
        before = _found(connection, call, credential_id, Level.MANAGE)
        if _is_embedded(connection, before):
            raise Conflict("The credential for the warehouse comes with the account; make another one the default.")
        told = {"type": before.type, "username": before.username, "remote_host_id": before.remote_host_id}
        objects.delete(connection, call, CREDENTIAL, credential_id, told)


def login_for(call: Call, host: RemoteHost, credential_id: int | None) -> Login:
    """The username and password for a host: of a credential that the caller may see, else of their own one for it.

    Raises NotFound, Invalid for one of another host, Forbidden for somebody else's that is for no host, Conflict
    where the host's address has changed since the password was given.
    """
    with call.platform.db.read() as connection:
        if credential_id is None:
            credential_id = rows.own_for(connection, call.user.id, host.id)
        if credential_id is None and host.type == WAREHOUSE:
            return Login(call.user.username, "")
        if credential_id is None:
            raise Invalid(f"You have no credential for {host.name}; make one, or name one with `credential_id`.")
        credential = _found(connection, call, credential_id)
        secret = rows.find_secret(connection, credential_id)
    if credential.remote_host_id is None:
        if credential.owner_id != call.user.id:
            raise Forbidden("This credential is for no host, and only its owner may say where it is sent.")
    elif credential.remote_host_id != host.id:
        raise Invalid(f"The credential {credential_id} is for another host than {host.name}.")
    else:
        check_place(credential, host)
    return Login(credential.username, decrypted(call, credential.id, secret))


def check_place(credential: Credential, host: RemoteHost) -> None:
    """Raise Conflict where the host's address has changed since the password was given."""
    if host.type != WAREHOUSE and credential.settings.get("place") != hosts.target_of(host).place:
        raise Conflict(
            f"The address of {host.name} has changed since this password was given for it; save the credential again, "
            "with its password."
        )


def decrypted(call: Call, credential_id: int, secret: bytes) -> str:
    """A password, for the server's own use. Raises Unreadable where the server's secret key has changed."""
    return call.platform.cipher.decrypt(secret, _purpose(credential_id)) if secret else ""


def _found(connection: Connection, call: Call, credential_id: int, level: Level = Level.READ) -> Credential:
    objects.require(connection, call, CREDENTIAL, credential_id, level)
    if not (found := rows.read(connection, [credential_id])):
        raise NotFound(f"There is no credential {credential_id} that you may see.")
    return found[0]


def _host(
    connection: Connection,
    call: Call,
    host_id: int | None,
    new: NewHost | None,
    before: Credential | None = None,
) -> RemoteHost | None:
    """The host that a credential is to be for: one that the caller may see, or a new one."""
    if new is not None:
        known = queries.ids_of_page(connection, hosts.HOST, [host_rows.at(call.user.id, new.url, new.type)], Page())
        if known:
            return host_rows.read(connection, known[:1])[0]
        return hosts.insert_host(connection, call, name=new.name, type=new.type, url=new.url)
    if host_id is None:
        return None
    if before is not None and before.remote_host_id == host_id:
        return host_rows.read(connection, [host_id])[0]
    host = hosts.find_host(connection, call, host_id)
    if host.type == WAREHOUSE:
        raise Invalid("Everybody has a credential for the warehouse from the start; it takes no other.")
    return host


def _settings(before: dict[str, Any], *, state: str | None, system: bool, host: RemoteHost | None) -> dict[str, Any]:
    found = {**before, "state": state, "system": system or None}
    if host is not None:
        found["place"] = hosts.target_of(host).place if host.type in engines.types() else None
    return {name: value for name, value in found.items() if value is not None}


def _default(connection: Connection, call: Call, before: Credential, given: dict[str, Any]) -> dict[str, Any]:
    """Whether it is to be its owner's default of its type."""
    type_, wanted = given.get("type", before.type), given.get("default", before.is_default)
    if wanted != before.is_default and before.owner_id != call.user.id:
        raise Forbidden("Which credential is the default is its owner's to say.")
    if wanted and (not before.is_default or type_ != before.type):
        rows.clear_default(connection, before.owner_id, type_)
    return {"is_default": wanted}


def _check_embedded(connection: Connection, before: Credential, given: dict[str, Any], moved: bool) -> None:  # noqa: FBT001
    same = {"type": before.type, "username": before.username}
    changed = moved or given.get("password") or any(given.get(name, value) != value for name, value in same.items())
    if changed and _is_embedded(connection, before):
        raise Conflict("The credential for the warehouse comes with the account, and has no password to change.")


def _is_embedded(connection: Connection, credential: Credential) -> bool:
    found = host_rows.read(connection, [credential.remote_host_id or 0])
    return bool(found) and found[0].type == WAREHOUSE


def _check_type(type_: str) -> None:
    if type_ not in TYPES:
        raise Invalid(f"No credential of the type {type_[:60]!r} is made here; there are {', '.join(TYPES)}.")


def _check_password(password: str) -> None:
    if "\0" in password or len(password.encode(errors="surrogatepass")) > LONGEST:
        raise TooLarge(f"A password has at most {LONGEST >> 10} KB, and no NUL character.")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise Invalid("A password has no half of a surrogate pair.") from None


def _purpose(credential_id: int) -> str:
    # What one row holds cannot be read as another's.
    return f"credential/{credential_id}"
