"""One HTTP request to a host that a user named: bounded, to the address that was checked, without redirects."""

import http.client
import ssl

from msgspec import Struct

from headrace.engines import Target
from headrace.errors import HostFailed
from headrace.runtime import reach
from headrace.runtime.reach import Bounds

LONGEST = 1 << 20  # bytes kept of a body; what is asked for here is short


class Answer(Struct, frozen=True, kw_only=True):
    """A response: names of headers in lower case, and the beginning of the body."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(
    target: Target,
    method: str,
    path: str,
    headers: dict[str, str],
    bounds: Bounds,
    body: bytes | None = None,
    *,
    secret: bool = False,
) -> Answer:
    """The host's answer. Raises HostFailed, Forbidden. What is `secret` goes in clear to this machine alone."""
    secure = target.scheme == "https"
    try:
        with reach.connected(target.host, target.port, bounds) as connection:
            if secret and not secure and reach.kind_of(connection.getpeername()[0]) != "own":
                raise HostFailed(f"A password goes to {target.host} by https alone; say https in its URL.")
            link = http.client.HTTPConnection(target.host, target.port)
            link.sock = connection
            if secure:
                link.sock = ssl.create_default_context().wrap_socket(connection, server_hostname=target.host)
            try:
                link.request(method, path, body, {"Accept-Encoding": "identity", "Connection": "close", **headers})
                with link.getresponse() as answer:
                    found = {name.lower(): value for name, value in answer.getheaders()}
                    return Answer(status=answer.status, headers=found, body=answer.read(LONGEST))
            finally:
                link.close()
    except ssl.SSLCertVerificationError as wrong:
        raise HostFailed(f"The certificate of {target.host} is not trusted here: {wrong.verify_message}.") from None
    except TimeoutError:
        raise HostFailed(f"{target.host} takes longer than {bounds.seconds:g} seconds to answer.") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise HostFailed(f"{target.host} does not answer as an HTTP server does.") from None


def host_of(target: Target) -> str:
    """The host as its `Host` header says it."""
    usual = {"https": 443, "http": 80}.get(target.scheme)
    shown = f"[{target.host}]" if ":" in target.host else target.host
    return shown if target.port == usual else f"{shown}:{target.port}"
