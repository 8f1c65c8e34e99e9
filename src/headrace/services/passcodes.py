"""Passcodes: secrets that people choose, so they are kept as slow hashes (argon2id) and guesses are counted."""

from functools import cache
from typing import TYPE_CHECKING

from headrace.errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MASK = "********"  # what is shown in place of a passcode
LONGEST = 256


def hashed(passcode: str) -> str:
    """What is kept of a passcode. Raises Invalid for one of fewer than four characters, which is found by trying."""
    if not 4 <= len(passcode) <= LONGEST or not passcode.isprintable():
        raise Invalid(f"A passcode has 4 to {LONGEST} characters that can be printed.")
    return _hasher().hash(passcode)


def matches(passcode: str, kept: str) -> bool:
    """Whether that is the passcode. Costs about 25 ms."""
    from argon2.exceptions import VerificationError

    if len(passcode) > LONGEST:
        return False
    try:
        return _hasher().verify(kept, passcode)
    except VerificationError:
        return False


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    # 19 MiB and two passes, as OWASP's password storage cheat sheet asks for at least.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
