"""Reading the URLs of hosts."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from headrace.engines import Target
from headrace.errors import Invalid

LONGEST = 2000
HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


def read(url: str, ports: dict[str, int], like: str, options: frozenset[str] = frozenset()) -> Target:
    """The parts of a URL of one of these schemes, with its usual port.

    Raises Invalid, with a URL that would do. One that holds a password is refused: whoever may see the host reads it.
    """
    refused = Invalid(f"This is no address of such a host; {like} is one.")
    if len(url) > LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise refused
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), max_num_fields=20))
    except ValueError:
        raise refused from None
    if parts.scheme not in ports or not HOST.fullmatch(parts.hostname or "") or port == 0 or parts.fragment:
        raise refused
    if "@" in parts.netloc:
        raise Invalid("Leave the username and password out of the URL; they belong in a credential.")
    if unknown := query.keys() - options:
        known = f"; known are {', '.join(sorted(options))}" if options else ""
        raise Invalid(f"The option {min(unknown)[:60]!r} of that URL is not known{known}.")
    host, path = (parts.hostname or "").lower(), unquote(parts.path, errors="strict")
    return Target(scheme=parts.scheme, host=host, port=port or ports[parts.scheme], path=path, options=query)


def without(secret: str, words: str) -> str:
    """What a host said, in one line, fit to be shown: it may have said the password."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return (line.replace(secret, "***") if secret else line)[:300]
