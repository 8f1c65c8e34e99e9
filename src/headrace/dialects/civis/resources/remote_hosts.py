"""Remote hosts: databases, buckets, mail servers and repositories that people registered."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from headrace import engines
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, LevelWord, Name
from headrace.dialects.civis.shapes import Author, authors, given
from headrace.dialects.civis.traits.sharing import shares
from headrace.errors import Invalid
from headrace.model import database
from headrace.model.database import Login
from headrace.services import connections, databases, hosts, objects
from headrace.services.call import Call
from headrace.services.hosts import HOST

HostName = Annotated[Name, Meta(description="The human readable name for the remote host.")]
if TYPE_CHECKING:
    HostType = str
else:
    HostType = Annotated[Literal[*engines.types()], Meta(description="The type of remote host.")]
Url = Annotated[
    str, Meta(min_length=1, max_length=2000, description="The URL for the remote host, without a password.")
]
Description = Annotated[str, Meta(max_length=100_000, description="The description of the remote host.")]
CredentialId = Annotated[Id | None, Meta(description="The credential; your own one for that host, if unsaid.")]
Username = Annotated[str, Meta(max_length=1000, description="The user name for the remote host.")] | None
Password = Annotated[str, Meta(max_length=65_536, description="The password for the remote host.")] | None


class RemoteHostListed(Wire, frozen=True, kw_only=True):
    """A remote host, as lists show it."""

    id: int
    name: str
    type: str
    url: str


class RemoteHost(RemoteHostListed, frozen=True, kw_only=True):
    """A remote host."""

    description: str | None
    my_permission_level: LevelWord
    user: Author
    created_at: datetime
    updated_at: datetime


class RemoteHostCreate(Wire, frozen=True, kw_only=True):
    """A remote host to register."""

    name: HostName
    url: Url
    type: HostType


class RemoteHostPut(Wire, frozen=True, kw_only=True):
    """A whole remote host."""

    name: HostName
    type: HostType
    url: Url
    description: Description | None


class RemoteHostPatch(Wire, frozen=True, kw_only=True):
    """What to change of a remote host; null is no change."""

    name: HostName | None = None
    type: HostType | None = None
    url: Url | None = None
    description: Description | None = None


class LoginTo(Wire, frozen=True, kw_only=True):
    """A login to try: a credential, or a user name and password."""

    credential_id: CredentialId = None
    username: Username = None
    password: Password = None


class DataSet(Wire, frozen=True, kw_only=True):
    """Something to import from."""

    name: Annotated[str, Meta(description="The path to a data set.")]
    full_path: Annotated[bool, Meta(description="Whether it is a table, and not a schema to look into.")]


resource = Resource("/remote_hosts", RemoteHost, traits=[shares(HOST)])


@resource.get()
def list_hosts(call: Call, type: HostType | None = None) -> list[RemoteHostListed]:
    """List remote hosts."""
    return [
        RemoteHostListed(id=host.id, name=host.name, type=host.type, url=host.url)
        for host in hosts.list_hosts(call, type)
    ]


@resource.post(status=201)
def create_host(call: Call, body: RemoteHostCreate) -> RemoteHost:
    """Create a remote host."""
    return _shown(call, hosts.create_host(call, name=body.name, type=body.type, url=body.url))


@resource.get("/{id}")
def get_host(call: Call, id: Id) -> RemoteHost:
    """Get a remote host."""
    return _shown(call, hosts.get_host(call, id))


@resource.put("/{id}")
def replace_host(call: Call, id: Id, body: RemoteHostPut) -> RemoteHost:
    """Replace all attributes of this remote host."""
    whole = {"name": body.name, "type": body.type, "url": body.url, "description": body.description}
    return _shown(call, hosts.update_host(call, id, **whole))


@resource.patch("/{id}")
def update_host(call: Call, id: Id, body: RemoteHostPatch) -> RemoteHost:
    """Update some attributes of this remote host."""
    return _shown(call, hosts.update_host(call, id, **given(body)))


@resource.delete("/{id}")
def delete_host(call: Call, id: Id) -> None:
    """Delete a remote host. The credentials for it stay with their owners."""
    hosts.delete_host(call, id)


@resource.post("/{id}/authenticate")
def authenticate(call: Call, id: Id, body: LoginTo) -> None:
    """Authenticate against a remote host using either a credential or a user name and password.

    400 with the error `authentication_error` where it refuses.
    """
    connections.authenticate(call, id, _login(body.credential_id, body.username, body.password), body.credential_id)


@resource.get("/{id}/data_sets")
def list_data_sets(
    call: Call,
    id: Id,
    credential_id: CredentialId = None,
    username: Username = None,
    password: Password = None,
    q: Annotated[str | None, Meta(description="Only what has this text in its name.")] = None,
    s: Annotated[bool | None, Meta(description="Only the schemas.")] = None,
) -> list[DataSet]:
    """List data sets available from a remote host."""
    login = _login(credential_id, username, password)
    found = databases.list_data_sets(call, id, credential_id=credential_id, login=login, text=q, schemas=bool(s))
    return [DataSet(name=name, full_path=is_table) for name, is_table in found]


def _login(credential_id: int | None, username: str | None, password: str | None) -> Login | None:
    if username is None and password is None:
        return None
    if credential_id is not None or username is None or password is None:
        raise Invalid("Give `credential_id`, or `username` and `password`.")
    return Login(username, password)


def _shown(call: Call, host: database.RemoteHost) -> RemoteHost:
    return RemoteHost(
        id=host.id,
        name=host.name,
        type=host.type,
        url=host.url,
        description=host.description,
        my_permission_level=objects.level(call, HOST, host.id).word,  # type: ignore[arg-type]
        user=authors(call, [host.owner_id])[host.owner_id],
        created_at=host.created_at,
        updated_at=host.updated_at,
    )
