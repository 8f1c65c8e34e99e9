"""Credentials: a username and a password for something elsewhere."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, Listed, Name
from headrace.dialects.civis.resources.remote_hosts import HostType, Url
from headrace.dialects.civis.shapes import Author, authors, given
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.errors import Invalid
from headrace.model import database
from headrace.model.page import Slice
from headrace.services import connections, credentials
from headrace.services.call import Call
from headrace.services.credentials import CREDENTIAL, Choice, NewHost

if TYPE_CHECKING:
    TypeWord = str
else:
    TypeWord = Annotated[Literal[*credentials.TYPES], Meta(description="The type of credential.")]
Username = Annotated[str, Meta(min_length=1, max_length=1000, description="The username for the credential.")]
Password = Annotated[str, Meta(min_length=1, max_length=65_536, description="The password. No answer ever holds it.")]
Description = Annotated[str, Meta(max_length=100_000, description="A long description of the credential.")]
HostId = Annotated[Id, Meta(description="The ID of the remote host that the credential is for, and sent to alone.")]
State = Annotated[str, Meta(max_length=100, description="A state of the U.S., for credentials that need one.")]
IsDefault = Annotated[bool, Meta(description="Whether it is what its owner uses where none is named.")]
System = Annotated[bool, Meta(description="Whether it is the server's; administrators may say so.")]
OAuth = Annotated[bool, Meta(description="Always false: credentials by a provider's login are not served.")]
OwnerId = Annotated[Id, Meta(description="The user whose credential it is to be; administrators may say so.")]
Ids = Annotated[str, Meta(max_length=10_000, description="IDs of users, with commas between.")]


class ByChange(Listed, frozen=True, kw_only=True):
    """A page of credentials."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 1000


class Credential(Wire, frozen=True, kw_only=True):
    """A credential, without its password."""

    id: int
    name: Annotated[str, Meta(description="The name identifying the credential.")]
    type: str
    username: str
    description: str | None
    owner: Annotated[str, Meta(description="The username of the user whose credential it is.")]
    user: Author
    remote_host_id: int | None
    remote_host_name: str | None
    state: str | None
    created_at: datetime
    updated_at: datetime
    default: bool
    oauth: bool
    provider: str | None
    provider_metadata: dict[str, Any] | None


class HostOf(Wire, frozen=True, kw_only=True):
    """A remote host to register along with its credential."""

    name: Name
    type: HostType
    url: Url


class CredentialPut(Wire, frozen=True, kw_only=True):
    """A whole credential."""

    type: TypeWord
    username: Username
    password: Password
    name: Annotated[Name | None, Meta(description="The name of the credential; the username where it has none.")] = None
    description: Description | None = None
    remote_host_id: HostId | None = None
    remote_host: Annotated[HostOf | None, Meta(description="A host to register along with it, in place of an ID.")] = (
        None
    )
    user_id: OwnerId | None = None
    state: State | None = None
    system_credential: System | None = None
    default: IsDefault | None = None
    oauth: OAuth | None = None


class CredentialPatch(Wire, frozen=True, kw_only=True):
    """What to change of a credential; null is no change."""

    name: Name | None = None
    type: TypeWord | None = None
    description: Description | None = None
    username: Username | None = None
    password: Password | None = None
    remote_host_id: HostId | None = None
    user_id: OwnerId | None = None
    state: State | None = None
    system_credential: System | None = None
    default: IsDefault | None = None
    oauth: OAuth | None = None


class CredentialTypes(Wire, frozen=True, kw_only=True):
    """The types of credentials that can be made."""

    types: list[str]


class LoginAt(Wire, frozen=True, kw_only=True):
    """A login to try."""

    url: Url
    remote_host_type: HostType
    username: Username
    password: Password


class Authenticated(Wire, frozen=True, kw_only=True):
    """The login is good. The other fields are those of a credential, which this makes none of."""

    success: bool
    id: int | None = None
    name: str | None = None
    type: str | None = None
    username: str
    description: str | None = None
    owner: str
    user: Author
    remote_host_id: int | None = None
    remote_host_name: str | None = None
    state: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    default: bool | None = None
    oauth: bool | None = None
    provider: str | None = None
    provider_metadata: dict[str, Any] | None = None


class Duration(Wire, frozen=True, kw_only=True):
    """For how long keys are to be good."""

    duration: Annotated[int, Meta(ge=900, le=129_600, description="Seconds: 15 minutes, if unsaid, to 36 hours.")] = 900


class TemporaryKeys(Wire, frozen=True, kw_only=True):
    """Keys for S3 that expire."""

    access_key: str
    secret_access_key: str
    session_token: str


class Filters(Struct, frozen=True, kw_only=True):
    """Which credentials a list is to hold."""

    type: Annotated[str | None, Meta(description="The type or types of credentials, with commas between.")] = None
    remote_host_id: Annotated[Id | None, Meta(description="The ID of the host that they are for.")] = None
    default: Annotated[bool | None, Meta(description="Only your default credential of that type.")] = None
    system_credentials: Annotated[bool | None, Meta(description="Only those of the server.")] = None
    users: Annotated[Ids | None, Meta(description="Only those of these users: IDs, with commas between.")] = None
    name: Annotated[str | None, Meta(description="Only those with this text in their name.")] = None
    provider: Annotated[str | None, Meta(description="Only those by this provider's login.")] = None


resource = Resource("/credentials", Credential, traits=[shares(CREDENTIAL), transferable(CREDENTIAL)])


@resource.get("/types")
def list_types(call: Call) -> CredentialTypes:
    """List the types of credentials that can be made."""
    _ = call.user
    return CredentialTypes(types=list(credentials.TYPES))


@resource.get()
def list_credentials(call: Call, page: ByChange, filters: Filters) -> Slice[Credential]:
    """List credentials."""
    choice = Choice(
        types=_split(filters.type) if filters.type is not None else None,
        remote_host_id=filters.remote_host_id,
        default=bool(filters.default),
        system=bool(filters.system_credentials),
        users=_numbers(filters.users) if filters.users is not None else None,
        name=filters.name,
        provider=filters.provider,
    )
    found = credentials.list_credentials(call, choice, page)
    return Slice(shown(call, list(found.items)), found.total)


@resource.post(status=200)
def create_credential(call: Call, body: CredentialPut) -> Credential:
    """Create a credential."""
    made = credentials.create_credential(
        call,
        type=body.type,
        username=body.username,
        password=body.password,
        name=body.name,
        description=body.description,
        remote_host_id=body.remote_host_id,
        remote_host=_new_host(body),
        state=body.state,
        default=bool(body.default),
        system=bool(body.system_credential),
        user_id=_plain(body).user_id,
    )
    return shown(call, [made])[0]


@resource.post("/authenticate", status=200)
def authenticate(call: Call, body: LoginAt) -> Authenticated:
    """Authenticate against a remote host, truly: the host is connected to and asked.

    400 with the error `authentication_error` where it refuses.
    """
    connections.check_login(
        call, type=body.remote_host_type, url=body.url, username=body.username, password=body.password
    )
    user = authors(call, [call.user.id])[call.user.id]
    return Authenticated(success=True, username=body.username, owner=user.username, user=user)


@resource.get("/{id}")
def get_credential(call: Call, id: Id) -> Credential:
    """Get a credential."""
    return shown(call, [credentials.get_credential(call, id)])[0]


@resource.put("/{id}")
def replace_credential(call: Call, id: Id, body: CredentialPut) -> Credential:
    """Update an existing credential; what is not given goes back to what it is by default."""
    whole = {
        "name": body.name or body.username,
        "type": body.type,
        "username": body.username,
        "description": body.description,
        "remote_host_id": body.remote_host_id,
        "state": body.state,
        "default": bool(body.default),
        "system": bool(body.system_credential),
    }
    changed = credentials.update_credential(
        call, id, _owned(call, id, body, whole), password=body.password, remote_host=_new_host(body)
    )
    return shown(call, [changed])[0]


@resource.patch("/{id}")
def update_credential(call: Call, id: Id, body: CredentialPatch) -> Credential:
    """Update some attributes of a credential."""
    some = given(body)
    for name in ("password", "user_id", "oauth"):
        some.pop(name, None)
    if "system_credential" in some:
        some["system"] = some.pop("system_credential")
    changed = credentials.update_credential(call, id, _owned(call, id, body, some), password=body.password)
    return shown(call, [changed])[0]


@resource.delete("/{id}")
def delete_credential(call: Call, id: Id) -> None:
    """Delete a credential."""
    credentials.delete_credential(call, id)


@resource.post("/{id}/temporary", status=200)
def create_temporary(call: Call, id: Id, body: Duration) -> TemporaryKeys:
    """Generate temporary keys for S3, by the STS of AWS or of the server that the credential is for."""
    return TemporaryKeys(**connections.temporary_keys(call, id, body.duration))


def shown(call: Call, found: list[database.Credential]) -> list[Credential]:
    """Credentials as this wire has them."""
    people = authors(call, {one.owner_id for one in found})
    return [
        Credential(
            id=one.id,
            name=one.name,
            type=one.type,
            username=one.username,
            description=one.description,
            owner=people[one.owner_id].username,
            user=people[one.owner_id],
            remote_host_id=one.remote_host_id,
            remote_host_name=one.remote_host_name,
            state=one.settings.get("state"),
            created_at=one.created_at,
            updated_at=one.updated_at,
            default=one.is_default,
            oauth=False,
            provider=None,
            provider_metadata=None,
        )
        for one in found
    ]


def _plain(body: CredentialPut | CredentialPatch) -> CredentialPut | CredentialPatch:
    if body.oauth:
        raise Invalid("Credentials by a provider's login (`oauth`) are not served; make one with a password.")
    return body


def _owned(call: Call, id: int, body: CredentialPut | CredentialPatch, values: dict[str, Any]) -> dict[str, Any]:
    owner_id = _plain(body).user_id
    if owner_id is not None and owner_id != credentials.get_credential(call, id).owner_id:
        raise Invalid(f"Give a credential to another user with `PUT /credentials/{id}/transfer`.")
    return values


def _new_host(body: CredentialPut) -> NewHost | None:
    if body.remote_host is None:
        return None
    if body.remote_host_id is not None:
        raise Invalid("Give `remote_host_id` or `remote_host`, not both.")
    return NewHost(name=body.remote_host.name, type=body.remote_host.type, url=body.remote_host.url)


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _numbers(text: str) -> list[int]:
    words = _split(text)
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise Invalid("The parameter `users` wants IDs with commas between, such as 1,2.")
    return [int(word) for word in words]
