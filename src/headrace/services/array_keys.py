"""Keys for arrays in object stores: which of the caller's own credentials opens one, as TileDB is configured with it.

Nobody's keys go into the worker of somebody else: who reads an array that is shared with them and lies in a bucket
opens the bucket with a credential of their own, or as nobody.
"""

from urllib.parse import urlsplit

from sqlalchemy import Connection

from headrace.db import credentials as rows
from headrace.db import hosts as host_rows
from headrace.engines import Target
from headrace.errors import Invalid
from headrace.model.array import Array
from headrace.model.database import Credential
from headrace.services import credentials, hosts
from headrace.services.call import Call


def config_of(connection: Connection, call: Call, array: Array) -> dict[str, str]:
    """TileDB's configuration (`vfs.s3.*`) with the caller's keys for an array; empty where they have none for it.

    Taken is the credential that the array names, where its owner asks, else the one for a host that is its bucket,
    else the default one for S3. Raises Invalid where the owner has none of the name, and Conflict where the host's
    address has changed since its password was given.
    """
    place = urlsplit(array.storage)
    if place.scheme != "s3":
        return {}
    known = [
        (one, _target(connection, one.remote_host_id))
        for one in rows.list_own(connection, call.user.id, credentials.S3)
    ]
    fitting = [(one, target) for one, target in known if _opens(target, place.netloc)]
    wanted = array.access_credentials_name if array.owner_id == call.user.id else None
    if wanted is not None:
        fitting = [(one, target) for one, target in fitting if one.name == wanted]
        if not fitting:
            raise Invalid(
                f"{array.uri} wants the credential {wanted[:80]!r}, and you have none of S3 called so for it."
            )
    fitting.sort(key=lambda found: (found[1] is None or not found[1].path.strip("/"), not found[0].is_default))
    if not fitting or (wanted is None and fitting[0][1] is None and not fitting[0][0].is_default):
        return {}
    return _config(connection, call, *fitting[0])


def _target(connection: Connection, host_id: int | None) -> Target | None:
    found = host_rows.read(connection, [host_id]) if host_id is not None else []
    return hosts.target_of(found[0]) if found else None


def _opens(target: Target | None, bucket: str) -> bool:
    """Whether keys for that host are for the bucket: those that are for no host, or for one with no bucket, are."""
    return target is None or target.path.strip("/").partition("/")[0] in ("", bucket)


def _config(connection: Connection, call: Call, credential: Credential, target: Target | None) -> dict[str, str]:
    if credential.remote_host_id is not None:
        credentials.check_place(credential, host_rows.read(connection, [credential.remote_host_id])[0])
    secret = rows.find_secret(connection, credential.id)
    config = {
        "vfs.s3.aws_access_key_id": credential.username,
        "vfs.s3.aws_secret_access_key": credentials.decrypted(call, credential.id, secret),
        "vfs.s3.region": target.options.get("region", "us-east-1") if target else "us-east-1",
    }
    if target is not None and not target.host.endswith(".amazonaws.com"):
        host = f"[{target.host}]" if ":" in target.host else target.host
        config |= {
            "vfs.s3.endpoint_override": f"{host}:{target.port}",
            "vfs.s3.scheme": target.scheme,
            "vfs.s3.use_virtual_addressing": "false",
        }
    return config
