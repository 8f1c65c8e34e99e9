"""Errors as responses: the one place where what went wrong becomes a status, a body and headers."""

import logging
import secrets

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from headrace.api.codec import Codec
from headrace.errors import Busy, HeadraceError, MethodNotAllowed, TooLarge, Unauthenticated, Unavailable

log = logging.getLogger("headrace.api")

_encode = msgspec.json.Encoder().encode


class TooSlow(HeadraceError):
    """The body of the request did not arrive in time; send it without pauses."""

    status = 408
    code = "too_slow"


class Refused(HeadraceError):
    """The request was refused."""

    def __init__(self, refusal: HTTPException) -> None:
        # The status of an instance: what a library refuses with its own exception keeps the status it was given.
        self.status = refusal.status_code  # type: ignore[misc]
        self.code = "refused"  # type: ignore[misc]
        super().__init__(str(refusal.detail))


def respond(exception: Exception, codec: Codec) -> Response:
    """The response that tells a caller what went wrong; a defect of ours goes to the log, under its number."""
    error = _error(exception)
    response = Response(_encode(codec.error(error)), error.status)
    response.raw_headers.append((b"content-type", b"application/json"))
    for name, value in _headers(error, codec):
        response.headers[name] = value
    return response


def _error(exception: Exception) -> HeadraceError:
    if type(exception) is not HeadraceError and isinstance(exception, HeadraceError):
        return exception
    if isinstance(exception, HTTPException):
        return Refused(exception)
    incident = secrets.token_hex(6)
    log.error("incident %s", incident, exc_info=exception)
    return HeadraceError(f"Headrace has a defect. The log of the server tells more under incident {incident}.")


def _headers(error: HeadraceError, codec: Codec) -> list[tuple[str, str]]:
    match error:
        case Unauthenticated():
            return [("WWW-Authenticate", codec.challenge)]
        case Busy() | Unavailable():
            return [("Retry-After", str(error.retry_after))]
        case MethodNotAllowed():
            return [("Allow", ", ".join(error.allowed))]
        case TooLarge() | TooSlow():
            return [("Connection", "close")]  # the rest of the body is not waited for
        case _:
            return []
