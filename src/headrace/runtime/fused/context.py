"""Who called, and how: what a udf may know of its own call."""

from typing import Any

current: dict[str, Any] = {}


def in_realtime() -> bool:
    """Whether somebody waits for the answer."""
    return not in_batch()


def in_batch() -> bool:
    """Whether this is a step of a job."""
    return bool(current.get("batch"))


def get_user_email() -> str:
    """The e-mail of the user under whose environment the code runs."""
    return str(current.get("user_email", ""))


def get_headers() -> dict[str, str]:
    """The request's headers, names in lower case; the key that opened the door is not among them."""
    return dict(current.get("headers", {}))


def get_header(name: str) -> str | None:
    """One header of the request."""
    return get_headers().get(name.lower())


def get_recursion_factor() -> int:
    """1 for a call from outside, one more for each udf that called on the way here."""
    return int(current.get("recursion_factor", 1))


def get_share_token() -> str | None:
    """The token that the call came by, where it came by one."""
    return current.get("share_token")


def get_session_token() -> str | None:
    """None: session tokens are not served by this version."""
    return None


def get_realtime_client_id() -> str:
    """The instance that answers: there is one."""
    return "local"


def get_execution_environment_id() -> str:
    """The environment the code runs in."""
    return str(current.get("environment", "default"))
