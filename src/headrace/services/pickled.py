"""Functions that clients send as pickles, as tasks: whose Python calls one, and what its worker is given and lent.

The server reads no pickle. What was kept of earlier tasks goes to the worker as the bytes that it is; arrays go as the
folders that they lie in, with the right to read where the caller has it.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from headrace.errors import Forbidden, Invalid, NotFound, TooLarge
from headrace.model.environment import DEFAULT
from headrace.model.function import parse
from headrace.model.task import Detail, Type
from headrace.runtime import interpreters
from headrace.runtime.sandbox import LAKE
from headrace.runtime.wire import Lent
from headrace.services import environments, functions, namespaces, udfs
from headrace.services.call import Call
from headrace.services.lending import Lending
from headrace.services.tasks import Tasks, Wanted
from headrace.services.udfs import check_body

LARGEST = 192 << 20  # bytes of what a worker is sent: the function, its arguments, and the results of earlier tasks
MOST_STORED = 1_000
MOST_ARRAYS = 200
LEAST, LARGEST_END = -(1 << 63), (1 << 64) - 1  # that the end of a range can be, of whatever type


class Slice(Struct, frozen=True, kw_only=True):
    """The part of an array that a function gets."""

    uri: str
    parameter_id: str | None = None
    ranges: list[list[int | float | str]] = []  # for each dimension, pairs of a start and an end
    layout: str | None = None
    buffers: list[str] = []  # attributes and dimensions; none: all


class Asked(Struct, frozen=True, kw_only=True):
    """A function that somebody asks to have called."""

    code: bytes | None = None  # the pickle, or
    name: str | None = None  # that of a registered function, or of a saved udf
    language: str = "python"
    version: str | None = None  # of the Python that pickled it
    source: str | None = None  # for tracebacks and lists
    environment: str = DEFAULT
    argument: bytes | None = None
    arguments_json: bytes | None = None
    arrays: Sequence[Slice] = ()
    stored: Sequence[str] = ()  # the tasks whose results are among the arguments
    nodes: dict[str, str] = {}  # the tasks of a graph's nodes
    result_format: str = "native"
    seconds: int | None = None
    resource_class: str | None = None


class Packages(Protocol):
    """Gives the folder of a minor version's packages, beneath the one that the server lends from."""

    def __call__(self, minor: str, *, waits: bool) -> str | None:
        """None where there are none. Blocks while they are installed, or raises Unavailable without `waits`."""
        ...


class Functions:
    """Makes tasks of functions. `packages` gives the folder of another minor version's packages, where it has any."""

    def __init__(self, kept: Tasks, packages: Packages) -> None:
        self._kept, self._packages = kept, packages

    def prepare(
        self,
        call: Call,
        asked: Asked,
        *,
        namespace: str,
        type: Type | None = None,
        name: str | None = None,
        keeps: bool = False,
        graph_uid: str | None = None,
        node_uid: str | None = None,
        waits: bool = True,
    ) -> Wanted:
        """The task that calls a function.

        Raises NotFound for what the caller may not see, Invalid for what cannot be called here, TooLarge. Blocks, the
        first time that another version of Python is wanted for as long as its packages take to install; where that is
        under way already, Unavailable is raised without `waits`.
        """
        namespace = namespaces.check(call, namespace)
        asked, function, author_id = self._resolve(call, asked)
        arguments: dict[str, Any] = {
            "function": function,
            "argument": asked.argument,
            "arguments_json": asked.arguments_json,
            "result_format": asked.result_format,
            "language": asked.language,
            "version": asked.version,
            "source": asked.source,
            "nodes": asked.nodes,
        }
        lending = Lending(call, namespace)
        arguments["arrays"] = _arrays(lending, asked, foreign=author_id not in (None, call.user.id))
        arguments["stored"] = self._stored(call, asked)
        if sum(len(part) for part in _parts(arguments)) > LARGEST:
            raise TooLarge(
                f"The function, its arguments and the results among them have at most {LARGEST >> 20} MB together."
            )
        environment = environments.resolve(call.platform, call.user.id, asked.environment)
        # To read, whoever's it is: what a function is given of an array is all that it has to do with it.
        lent = [replace(one, writable=False) for one in lending.lent.values()]
        if environment != DEFAULT and lent:
            raise Invalid(
                f"An array that lies here is read in the server's own environment alone, not in {asked.environment!r}."
            )
        if environment == DEFAULT and isinstance(function, bytes) and asked.language == "python":
            lent += self._interpreter(asked, arguments, waits=waits)
        return Wanted(
            type=type or (Type.ARRAY_UDF if asked.arrays else Type.GENERIC_UDF),
            namespace=namespace,
            name=name,
            program="pickle",
            arguments=arguments,
            lent=tuple(lent),
            arrays=tuple(lending.arrays),
            environment=environment,
            detail=Detail(
                udf_code=asked.source,
                udf_language=asked.language,
                udf_name=asked.name,
                resource_class=asked.resource_class,
            ),
            result_format=asked.result_format,
            keeps=keeps,
            graph_uid=graph_uid,
            node_uid=node_uid,
            author_id=author_id,
            shares=True,
            seconds=asked.seconds,
        )

    def _resolve(self, call: Call, asked: Asked) -> tuple[Asked, bytes | dict[str, Any], int | None]:
        """What is called, as its worker is told, and who wrote it."""
        if asked.code:
            return asked, asked.code, None
        if not asked.name:
            raise Invalid("Send a function, pickled, as `exec`, or the name of a registered one as `udf_info_name`.")
        try:
            function, code = functions.called(call, asked.name)
        except NotFound:
            return self._saved(call, asked)
        known = {
            "language": function.language,
            "version": function.version,
            "source": function.source,
            "environment": function.environment if asked.environment == DEFAULT else asked.environment,
        }
        return replace(asked, **known), code, function.owner_id

    def _saved(self, call: Call, asked: Asked) -> tuple[Asked, dict[str, Any], int | None]:
        """A saved udf, which is called by the name that a function would have."""
        namespace, name = parse(asked.name or "", call.user.username)
        try:
            udf = udfs.get_by_slug(call, namespace, name)
        except NotFound:
            raise NotFound(f"There is no function {namespace[:100]}/{name[:200]} that you may see.") from None
        function = check_body(udf.body)
        if function.headers:
            raise Invalid(
                f"The udf {namespace}/{name} brings modules of its own; call it by its own address, not here."
            )
        source = {"code": function.code, "entrypoint": function.entrypoint}
        return replace(asked, source=function.code, environment=function.environment()), source, udf.owner_id

    def _stored(self, call: Call, asked: Asked) -> dict[str, Any]:
        """The results among the arguments. Raises NotFound, in the word by which clients send the values themselves."""
        if len(asked.stored) > MOST_STORED:
            raise TooLarge(f"The results of at most {MOST_STORED:,} tasks can be among the arguments of one function.")
        found: dict[str, Any] = {}
        room = LARGEST
        for text in (*asked.stored, *asked.nodes.values()):
            uid = _uid(text)
            try:
                kept = self._kept.result(call, uid)
            except NotFound as gone:
                raise NotFound(f"{gone.message} (RETRY_WITH_PARAMS)") from None
            room -= len(kept.body)
            if room < 0:
                raise TooLarge(f"The results among the arguments have more than {LARGEST >> 20} MB together.")
            found[uid] = {"format": kept.media_type, "body": bytes(kept.body[:])}
        return found

    def _interpreter(self, asked: Asked, arguments: dict[str, Any], *, waits: bool) -> list[Lent]:
        """What is lent with the interpreter of the version that pickled it, where that is another. Raises Invalid."""
        minor = interpreters.minor_of(asked.version)
        if minor == interpreters.OWN:
            return []
        if (one := interpreters.found().get(minor)) is None:
            there = ", ".join(interpreters.minors())
            raise Invalid(
                f"The function was pickled by Python {asked.version}, and this server has no Python {minor}: code fits "
                f"one minor version alone. There are {there}; run your client with one of those, or have "
                f"Python {minor} installed on the server's machine."
            )
        arguments["interpreter"] = one.program
        if (folder := self._packages(minor, waits=waits)) is None:
            return []
        at = f"python{minor}"
        arguments["packages"] = [f"{LAKE}/{at}"]
        return [Lent(folder, at)]


def _arrays(lending: Lending, asked: Asked, *, foreign: bool) -> list[dict[str, Any]]:
    if len(asked.arrays) > MOST_ARRAYS:
        raise Invalid(f"A function reads at most {MOST_ARRAYS} arrays.")
    found: list[dict[str, Any]] = []
    for one in asked.arrays:
        if not all(isinstance(end, float | str) or LEAST <= end <= LARGEST_END for ends in one.ranges for end in ends):
            raise Invalid(f"The ranges of {one.uri[:200]} are numbers of at most 64 bits, or text.")
        place = lending.add_array(one.uri)
        if foreign and place.config:  # which reads the array in the process that the function is called in
            raise Forbidden(
                f"{one.uri} is read with a credential of yours, which the function of another author would see; have "
                "them give you its source, and register it as your own."
            )
        details = {"uri": one.uri, "parameter_id": one.parameter_id, "buffers": one.buffers}
        ranges = {"layout": one.layout, "ranges": one.ranges}
        found.append({**details, "ranges": ranges, "path": place.path, "config": place.config})
    return found


def _parts(arguments: dict[str, Any]) -> list[bytes]:
    sent = [arguments[name] for name in ("function", "argument", "arguments_json")]
    return [part for part in (*sent, *(one["body"] for one in arguments["stored"].values())) if isinstance(part, bytes)]


def _uid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as wrong:
        raise Invalid(f"{text[:60]!r} is no id of a task.") from wrong
