"""Files of a person that a statement names, put where a worker can be shown them: as links, or copies from a bucket."""

from functools import partial
from hashlib import sha256
from pathlib import Path

from headrace.errors import Invalid, NotFound
from headrace.model import file
from headrace.services.call import Call
from headrace.services.files import key_of
from headrace.store import lake

SUFFIXES = (".parquet", ".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".arrow", ".arrows", ".geojson", ".gz", ".zst")


def put(call: Call, uri: str) -> tuple[str, str]:
    """Put a file of the caller's store into their folder of the lake: that folder, and the name it has there.

    Raises NotFound, and Invalid for what is no table's file.
    """
    address = file.parse(uri)
    suffix = "".join(Path(address.name).suffixes[-2:]).lower()
    if not suffix.endswith(SUFFIXES):
        raise Invalid(f"{uri[:120]} is no file that SQL reads: Parquet, CSV, JSON and Arrow are, by their suffixes.")
    blobs, key = call.platform.blobs, key_of(call.user.id, address)
    try:
        found = blobs.stat(key)
    except NotFound:
        raise NotFound(f"There is no file {uri[:200]} in your store.") from None
    version = f"{found.key} {found.size} {found.modified.timestamp()} {found.etag}"
    name = f"{sha256(version.encode()).hexdigest()[:32]}{suffix}"
    return lake.put_file(call.platform.settings.home, call.user.id, name, partial(blobs.export, key)), name
