"""What can go wrong, as sentences for the person who must act on it.

    HeadraceError                     500  headrace has a defect
    ├── Invalid                       422  the request is understood and wrong: a parameter, a value, a body
    │   └── Malformed                 400  the request cannot be read at all: not JSON, not UTF-8, a bad number
    ├── Unauthenticated               401  no key, or one that is unknown, revoked or expired
    ├── Forbidden                     403  known, and not allowed
    ├── NotFound                      404  not there, or not there for this caller (a stranger learns nothing)
    ├── MethodNotAllowed              405  the path exists, the verb does not
    ├── Conflict                      409  it exists already, or changed meanwhile
    ├── TooLarge                      413  over a limit that has a number in the settings table
    ├── LoginRefused                  400  another server, which a user named, refuses a username and password
    ├── HostFailed                    424  another server, which a user named, is away or answers with nonsense
    ├── Busy                          429  the queue is full; `retry_after` says when to come back
    ├── NotServed                     501  declared, and not served yet
    └── Unavailable                   503  stopping, or a part of the server is away; `retry_after`

An error is raised where it is known and turned into a dialect's shape in one place, at the rim
(`api/faults.py`). What *user code* does wrong is no exception of ours: it is an outcome of a run
(`model/result.py`).
"""

from typing import ClassVar


class HeadraceError(Exception):
    """Headrace has a defect. The log of the server tells more."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(self.message)


class Invalid(HeadraceError):
    """The request is not valid."""

    status = 422
    code = "invalid"


class Malformed(Invalid):
    """The request could not be read."""

    status = 400
    code = "malformed"


class Unauthenticated(HeadraceError):
    """Send an API key: `Authorization: Bearer <key>`. `headrace keys create` makes one."""

    status = 401
    code = "unauthorized"


class Forbidden(HeadraceError):
    """You may not do that with this object; ask its manager."""

    status = 403
    code = "forbidden"


class NotFound(HeadraceError):
    """There is nothing at this address that you may see."""

    status = 404
    code = "not_found"


class MethodNotAllowed(HeadraceError):
    """This address does not know that method."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"This address knows {', '.join(allowed)} only.")


class Conflict(HeadraceError):
    """Something of that name exists already."""

    status = 409
    code = "conflict"


class TooLarge(HeadraceError):
    """The request is larger than this server takes."""

    status = 413
    code = "too_large"


class LoginRefused(HeadraceError):
    """The host refuses this username and password."""

    status = 400
    code = "authentication_error"


class HostFailed(HeadraceError):
    """The host does not answer as it should; look at its address, and at whether it runs."""

    # Not 502 to 504: clients that take those for a passing weakness of this server ask again for ten minutes.
    status = 424
    code = "host_failed"


class Busy(HeadraceError):
    """The server has as many calls as it takes; try again in a moment."""

    status = 429
    code = "busy"

    def __init__(self, message: str | None = None, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class NotServed(HeadraceError):
    """This operation is declared and not served yet."""

    status = 501
    code = "not_served"


class Unavailable(HeadraceError):
    """The server is stopping or a part of it is away; try again in a moment."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str | None = None, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        super().__init__(message)
