"""What a call gave, or why it gave nothing."""

import json
from typing import TYPE_CHECKING, Any

import httpx
from msgspec import Struct

from headrace.errors import HeadraceError

if TYPE_CHECKING:
    import pyarrow as pa


# What to do, where the server's sentence need not say it.
HINTS = {
    401: "`headrace login headrace` keeps a key, and HEADRACE_API_KEY names one.",
    429: "It is asked for too often; try again in a moment.",
    502: "What stands before the server had no answer from it; try again in a moment.",
    503: "Try again in a moment.",
    504: "What stands before the server waited too long for it; see whether it was done before you try again.",
}


class Failed(HeadraceError):
    """The server's answer was an error, or there was none; the text is its sentence. `status` is 0 without one.

    `response` is the answer of a method of a resource.
    """

    def __init__(
        self,
        message: str,
        status: int,
        lineno: int | None = None,
        stdout: str = "",
        stderr: str = "",
        response: httpx.Response | None = None,
    ) -> None:
        self.status, self.lineno = status, lineno  # type: ignore[misc]
        self.stdout, self.stderr, self.response = stdout, stderr, response
        super().__init__(message)

    @property
    def status_code(self) -> int:
        """The status of the answer; 0 where there was none."""
        return self.status


class Result(Struct, frozen=True):
    """What a call gave: bytes in a format, what was printed, and how it went."""

    body: bytes
    media_type: str
    run_id: str
    cache: str
    timing: str
    stdout: str = ""
    stderr: str = ""

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The value, where the format is JSON; None where the udf gave nothing."""
        return json.loads(self.body) if self.body else None

    def arrow(self) -> "pa.Table":
        """The table, where the format is Parquet, an Arrow stream or an Arrow file. Needs pyarrow."""
        import io

        import pyarrow as pa
        import pyarrow.parquet

        if self.body[:4] == b"PAR1":
            return pyarrow.parquet.read_table(io.BytesIO(self.body))
        reader = pa.ipc.open_file if self.body[:6] == b"ARROW1" else pa.ipc.open_stream
        return reader(self.body).read_all()


class SharedUdf(Struct, frozen=True):
    """A token, and the addresses that it opens."""

    token: str
    url: str

    @property
    def tiles(self) -> str:
        """The address of its map tiles, with {z}, {x} and {y} to fill in."""
        return f"{self.url}/tiles/{{z}}/{{x}}/{{y}}"


def read(answer: httpx.Response) -> Result:
    """The result that an answer carries. Raises Failed with the sentence of one that carries none."""
    said = json.loads(answer.headers.get("x-fused-metadata") or "{}")
    stdout, stderr = said.get("stdout") or "", said.get("stderr") or ""
    if not answer.is_success:
        raise Failed(sentence(answer), answer.status_code, said.get("lineno"), stdout, stderr)
    return Result(
        answer.content,
        answer.headers.get("content-type", ""),
        answer.headers.get("headrace-run-id", ""),
        answer.headers.get("headrace-cache", ""),
        answer.headers.get("server-timing", ""),
        stdout,
        stderr,
    )


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer. Raises Failed with the sentence of one that is an error."""
    if not answer.is_success:
        raise Failed(sentence(answer), answer.status_code)
    return answer


def refused(answer: httpx.Response, times: int, waited: float) -> Failed:
    """What is said of an error of the resource API that was asked for so often, with the seconds of waiting."""
    often = f" It was asked {times} times in {waited:.0f} s." if times > 1 else ""
    hint = HINTS.get(answer.status_code, "")
    failed = Failed(f"{sentence(answer)}{often} {hint}".rstrip(), answer.status_code, response=answer)
    failed.add_note(f"{answer.request.method} {answer.request.url} answered {answer.status_code}")
    return failed


def unanswered(url: str, away: httpx.TransportError) -> Failed:
    """What is said of a server that does not answer."""
    hint = "`headrace up` starts a server, `headrace login headrace` says which one is meant"
    return Failed(f"{url} does not answer ({away}); {hint}.", 0)


def sentence(answer: httpx.Response) -> str:
    """What an error says, in the form of any of the server's protocols."""
    try:
        said = answer.json()
        return str(said.get("detail") or said.get("errorDescription") or said["message"])
    except (ValueError, KeyError, AttributeError):
        return f"{answer.request.url} answered {answer.status_code} and no sentence of ours; is it a Headrace server?"
