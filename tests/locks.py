"""What the processes of one run of the tests make once for all of them, such as an environment beneath `.cache`."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """Hold a folder that is made: another process waits until it is whole, and then finds it there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # which the kernel lets go of, however its holder ends
        yield
