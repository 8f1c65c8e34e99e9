"""What the files of an owner take up: those under addresses, those under numbers, and the disk that calls share."""

from functools import partial

from headrace.db import files
from headrace.model.upload import COMING
from headrace.services.call import Platform
from headrace.services.quota import BLOCK, Quota, full, weight
from headrace.store.mounts import Mount

FILES, TEMPORARIES, MOUNTS = "files", "temporary", "mounts"  # prefixes of the store; a folder of the home


def open_quota(platform: Platform) -> Quota:
    """How much room the owners of a server have: one for all services that take files in."""
    settings = platform.settings
    return Quota(partial(measure, platform), most=settings.files_mb << 20, uploads=settings.file_uploads)


def measure(platform: Platform, owner_id: int) -> int:
    """The bytes of everything that an owner keeps. It reads the store, and takes its time."""
    prefixes = (f"{prefix}/{owner_id}" for prefix in (FILES, TEMPORARIES, COMING))
    stored = sum(weight(size) for prefix in prefixes for _, size, _ in platform.blobs.list(prefix))
    with platform.db.read() as connection:
        stored += files.used(connection, owner_id, BLOCK)
    return stored + Mount(platform.settings.home / MOUNTS, owner_id).measure()


def require_room(platform: Platform, owner_id: int) -> None:
    """Raise TooLarge where an owner's files take up all that they may already."""
    if measure(platform, owner_id) > (most := platform.settings.files_mb << 20):
        raise full(most)
