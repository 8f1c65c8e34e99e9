"""Storage hosts: buckets that people registered."""

from typing import Annotated, Any, Literal

from msgspec import Meta, to_builtins

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, Name
from headrace.dialects.civis.shapes import Author, authors, given
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model import database
from headrace.services import storage_hosts
from headrace.services.call import Call
from headrace.services.storage_hosts import STORAGE_HOST

HostName = Annotated[Name, Meta(description="The human readable name for the storage host.")]
Provider = Annotated[Literal["s3"], Meta(description="The storage provider.")]
Bucket = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket.")]
Region = Annotated[str, Meta(max_length=40, description="The region, such as us-east-1.")] | None


class S3Options(Wire, frozen=True, kw_only=True):
    """What S3 wants to know besides."""

    region: Region = None


class StorageHost(Wire, frozen=True, kw_only=True):
    """A storage host."""

    id: int
    owner: Author
    name: str
    provider: str
    bucket: str
    s3_options: S3Options


class StorageHostCreate(Wire, frozen=True, kw_only=True):
    """A storage host to register."""

    provider: Provider
    bucket: Bucket
    name: HostName
    s3_options: S3Options | None = None


class StorageHostPut(Wire, frozen=True, kw_only=True):
    """A whole storage host."""

    name: HostName
    provider: Provider
    bucket: Bucket
    s3_options: S3Options | None = None


class StorageHostPatch(Wire, frozen=True, kw_only=True):
    """What to change of a storage host; null is no change."""

    name: HostName | None = None
    provider: Provider | None = None
    bucket: Bucket | None = None
    s3_options: S3Options | None = None


resource = Resource("/storage_hosts", StorageHost, traits=[shares(STORAGE_HOST), transferable(STORAGE_HOST)])


@resource.get()
def list_storage_hosts(call: Call) -> list[StorageHost]:
    """List the storage hosts."""
    return _shown(call, storage_hosts.list_storage_hosts(call))


@resource.post(status=201)
def create_storage_host(call: Call, body: StorageHostCreate) -> StorageHost:
    """Create a new storage host."""
    made = storage_hosts.create_storage_host(
        call, name=body.name, provider=body.provider, bucket=body.bucket, options=_options(body.s3_options)
    )
    return _shown(call, [made])[0]


@resource.get("/{id}")
def get_storage_host(call: Call, id: Id) -> StorageHost:
    """Get a storage host."""
    return _shown(call, [storage_hosts.get_storage_host(call, id)])[0]


@resource.put("/{id}")
def replace_storage_host(call: Call, id: Id, body: StorageHostPut) -> StorageHost:
    """Replace all attributes of this storage host."""
    whole = {"name": body.name, "provider": body.provider, "bucket": body.bucket, "options": _options(body.s3_options)}
    return _shown(call, [storage_hosts.update_storage_host(call, id, **whole)])[0]


@resource.patch("/{id}")
def update_storage_host(call: Call, id: Id, body: StorageHostPatch) -> StorageHost:
    """Update some attributes of this storage host."""
    some = given(body)
    if options := some.pop("s3_options", None):
        some["options"] = _options(options)
    return _shown(call, [storage_hosts.update_storage_host(call, id, **some)])[0]


@resource.delete("/{id}")
def delete_storage_host(call: Call, id: Id) -> None:
    """Delete a storage host; its bucket stays as it is."""
    storage_hosts.delete_storage_host(call, id)


def _options(options: S3Options | None) -> dict[str, Any]:
    return {} if options is None else {name: value for name, value in to_builtins(options).items() if value is not None}


def _shown(call: Call, found: list[database.StorageHost]) -> list[StorageHost]:
    people = authors(call, {one.owner_id for one in found})
    return [
        StorageHost(
            id=one.id,
            owner=people[one.owner_id],
            name=one.name,
            provider=one.provider,
            bucket=one.bucket,
            s3_options=S3Options(region=one.options.get("region")),
        )
        for one in found
    ]
