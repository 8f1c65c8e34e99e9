"""Who called, and how: what a udf may know of its own call."""

from typing import Any

from headrace.errors import Unavailable

current: dict[str, Any] = {}
running: Any = None  # the source of the call: its task, and the text of each of its files


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


def max_recursion_factor() -> int:
    """How deep udfs may call one another."""
    return int(current.get("max_recursion_factor", 5))


def this_udf() -> Any:  # noqa: ANN401 - a udf object
    """The udf that runs, as an object: its name, code, headers and parameters. Raises Unavailable outside of a call."""
    from headrace.runtime.fused._load import Loaded

    if running is None:
        raise Unavailable("No udf runs here.")
    task = running.task
    headers = [{"module_name": one.name, "source_code": one.source} for one in task.modules]
    body = {"code": task.code, "entrypoint": task.entrypoint, "name": task.name, "headers": headers}
    return Loaded({**body, "parameters": dict(task.arguments)})


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
