"""What is registered under a name in a namespace, as clients made it: functions and task graphs."""

import re

from headrace.errors import Invalid
from headrace.model.object import Object

LONGEST_NAME = 200
# What an address would read as more than a name, or no terminal shows. What follows an @ is a moment in time.
NAME = re.compile(r"[^\x00-\x1f\x7f/\\`@]+")


class Registered(Object, frozen=True, kw_only=True):
    """What everything has that is registered, but for what is called or run of it."""

    uid: str
    namespace: str
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str]


def check_name(name: str, word: str) -> str:
    """The name itself. Raises Invalid for what cannot stand in an address's last place; `word` is what it names."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name != name.strip():
        raise Invalid(
            f"{name[:80]!r} is no name for a {word}: 1 to {LONGEST_NAME} characters, none of them / \\ @ or `."
        )
    return name
