"""The settings: one table of name, default and help. Nothing else reads the environment.

Each field is read from ``HEADRACE_<NAME>``, else from ``<home>/headrace.toml`` (lower-case keys), else it
is the default below. Sizes are in MiB or KiB as the name says, times in seconds.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from headrace.errors import Invalid

CORES = len(os.sched_getaffinity(0))

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


def setting(help_: str) -> Meta:
    """A line of the settings table."""
    return Meta(description=help_)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting of a server; `load` fills it."""

    home: Annotated[Path, setting("The folder that holds everything this server keeps.")] = Path("~/.headrace")
    host: Annotated[str, setting("The address to listen on.")] = "127.0.0.1"
    port: Annotated[Count, setting("The port to listen on; 0 takes a free one and prints it.")] = 8700
    public_url: Annotated[str, setting("The address users reach the server by, if it is not http://host:port.")] = ""
    database_url: Annotated[str, setting("Metadata: a PostgreSQL URL; empty is SQLite in the home folder.")] = ""
    store_url: Annotated[str, setting("Bytes: an s3://, gs:// or az:// URL; empty is a folder in the home folder.")] = (
        ""
    )
    executor: Annotated[str, setting("Where work runs: the name of a file in headrace/executors.")] = "local"
    secret_key: Annotated[
        str, setting("32 bytes in URL-safe base64 that encrypt what must be read back; empty: <home>/secret.key.")
    ] = ""
    admin_key: Annotated[
        str, setting("The API key of admin@localhost at the first start; empty: a fresh one, in <home>/admin.key.")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], setting("What the server's log on stderr leaves out.")
    ] = "info"

    workers: Annotated[Positive, setting("Worker processes that are kept busy; more start while calls wait.")] = CORES
    workers_max: Annotated[Positive, setting("Worker processes alive at once, over all owners.")] = 8 * CORES
    worker_calls: Annotated[Positive, setting("Calls a worker serves before a fresh one takes over.")] = 10_000
    worker_idle_seconds: Annotated[Positive, setting("How long a worker without calls is kept.")] = 300
    worker_growth_mb: Annotated[Positive, setting("Growth of a worker's memory after which it is replaced.")] = 512
    zygotes_max: Annotated[
        Annotated[int, Meta(ge=2)], setting("Environments at work at once, the default one among them.")
    ] = 8
    zygote_idle_seconds: Annotated[
        Positive, setting("How long an environment without calls is kept at work; the default one always is.")
    ] = 1800
    environment_seconds: Annotated[Positive, setting("Seconds that the build of an environment may take.")] = 900
    environment_mb: Annotated[Positive, setting("The largest environment, with all its packages.")] = 4096
    installer: Annotated[
        Literal["", "uv", "pip"], setting("What builds environments: uv or pip; empty: uv where it is found.")
    ] = ""
    environments_max: Annotated[Positive, setting("Environments that one user may keep.")] = 32
    network: Annotated[
        Literal["", "none", "public", "host"],
        setting("What user code reaches: none, public addresses only, or what the host reaches; empty: the best here."),
    ] = ""

    task_seconds: Annotated[Positive, setting("Seconds that a statement or task may take before it is stopped.")] = 900
    task_result_days: Annotated[Positive, setting("Days that the result of a task is kept, where it is to be.")] = 7
    sql_kb: Annotated[Positive, setting("The longest SQL statement, with those that go before it.")] = 1024

    data_folders: Annotated[
        str, setting("Folders that user code may read, at the same paths, separated by colons.")
    ] = ""

    call_seconds: Annotated[Positive, setting("Seconds a call may take before it is stopped.")] = 120
    call_memory_mb: Annotated[Positive, setting("Memory a call and its child processes may use.")] = 4096
    call_processes: Annotated[Positive, setting("Processes and threads a call may have at once.")] = 256
    call_open_files: Annotated[Positive, setting("Files a process of a call may have open.")] = 1024
    call_output_mb: Annotated[Positive, setting("The largest result of a call.")] = 512
    call_scratch_mb: Annotated[Positive, setting("What a call may write to its scratch folder.")] = 1024
    mount_mb: Annotated[Count, setting("The disk that all calls of one owner share, /mount; 0 is none.")] = 10_240
    call_log_kb: Annotated[Positive, setting("Output (stdout, stderr) kept of a call, each.")] = 256
    call_concurrency: Annotated[Positive, setting("Calls of one owner that run at once; more wait.")] = 16
    call_queue: Annotated[Positive, setting("Calls of one owner that may wait; more are answered 429.")] = 512
    call_depth: Annotated[
        Positive, setting("How deep udfs may call one another; each depth may have as many workers as there may be.")
    ] = 5
    body_mb: Annotated[Positive, setting("The largest body of a request.")] = 64
    body_seconds: Annotated[Positive, setting("How long a client may take between two pieces of its body.")] = 30

    wrong_guesses: Annotated[
        Count, setting("Wrong tokens, passcodes or keys that one address may try in a minute; 0 is no bound.")
    ] = 30
    login_seconds: Annotated[
        Positive, setting("How long a key that a browser's login gave is good; it is renewed.")
    ] = 86_400
    share_saves: Annotated[bool, setting("Whether a udf gets a share token when it is first saved.")] = True
    code_urls: Annotated[
        str, setting("Addresses that code may be fetched from, such as https://github.com/owner/; empty: none.")
    ] = ""
    allow_private_hosts: Annotated[
        Literal["", "none", "private", "all"],
        setting(
            "Databases and other hosts that users may have this server connect to, besides those at public addresses: "
            "none, private networks too, or all, this machine too; empty: all where HOST is a loopback address and "
            "there is no PUBLIC_URL, none elsewhere."
        ),
    ] = ""
    host_seconds: Annotated[Positive, setting("How long another host may take to answer; half of it to connect.")] = 20
    host_answer_mb: Annotated[Positive, setting("What another host may send in one answer.")] = 64
    host_connections: Annotated[
        Positive, setting("Connections to other hosts at once, two for each user; more are answered 429.")
    ] = 8
    collection_mb: Annotated[Positive, setting("The largest bundle of a collection, unpacked.")] = 32
    file_mb: Annotated[Positive, setting("The largest file that may be uploaded.")] = 5120
    files_mb: Annotated[Positive, setting("What the files of one owner may take up, 4 KiB for each at least.")] = 51_200
    lake_mb: Annotated[
        Positive, setting("What the arrays and schemas of one owner may take up, where the server keeps them.")
    ] = 102_400
    file_uploads: Annotated[Positive, setting("Uploads of one owner at once; more wait, and are answered 429.")] = 16
    file_days: Annotated[Positive, setting("Days that a file under a number is kept, unless it says otherwise.")] = 30
    files_redirect: Annotated[
        bool,
        setting("Send who reads files, or uploads parts, to signed URLs of the object store, not through this server."),
    ] = False
    signed_seconds: Annotated[Positive, setting("How long signed URLs and upload forms are good for.")] = 3600
    upload_seconds: Annotated[
        Positive, setting("How long the URLs of an announced file take its bytes, and its parts wait for one another.")
    ] = 43_200
    temporary_seconds: Annotated[Positive, setting("How long temporary uploads are kept.")] = 86_400

    cache_seconds: Annotated[Count, setting("How long a result is served again, unless the call or udf says.")] = (
        7_776_000
    )
    cache_mb: Annotated[Count, setting("Cached results kept in the store; the least used go first.")] = 4096
    cache_memory_mb: Annotated[Count, setting("Cached results kept in memory as well.")] = 64
    run_days: Annotated[Positive, setting("Days that finished runs and their logs are kept.")] = 30
    run_rows: Annotated[Positive, setting("Finished runs kept at most; the oldest go first.")] = 1_000_000
    map_days: Annotated[Positive, setting("Days that the address of a map page of data sets opens it.")] = 30

    @property
    def url(self) -> str:
        """The base URL as users see it, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def private_hosts(self) -> str:
        """Which hosts besides public ones users may have this server connect to: none, private or all."""
        alone = not self.public_url and (self.host in {"localhost", "::1"} or self.host.startswith("127."))
        return self.allow_private_hosts or ("all" if alone else "none")


def load(environ: Mapping[str, str], **given: Any) -> Settings:  # noqa: ANN401 - checked against the table below
    """The settings from what was given on the command line, the environment and the home folder's file, in that order.

    Raises Invalid with the name of the setting that is wrong or unknown.
    """
    from_environment = {
        name: environ[f"HEADRACE_{name.upper()}"]
        for name in Settings.__struct_fields__
        if f"HEADRACE_{name.upper()}" in environ
    }
    first = from_environment | {name: value for name, value in given.items() if value is not None}
    home = Path(first.get("home") or Settings.__struct_defaults__[0]).expanduser().absolute()
    values = _from_file(home / "headrace.toml") | first | {"home": str(home)}
    return msgspec.structs.replace(Settings(), **{name: _convert(name, value) for name, value in values.items()})


def table() -> list[tuple[str, Any, str]]:
    """The settings as rows of name, default and help, in the order they are declared."""
    types = get_type_hints(Settings, include_extras=True)
    return [(f.name, f.default, _help(types[f.name])) for f in msgspec.structs.fields(Settings)]


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as invalid:
        raise Invalid(f"{path} cannot be read as TOML: {invalid}.") from invalid


def _convert(name: str, value: object) -> object:
    types = get_type_hints(Settings, include_extras=True)
    if name not in types:
        raise Invalid(f"There is no setting called {name!r}; `headrace settings` lists them.")
    try:
        return msgspec.convert(value, types[name], strict=False, dec_hook=lambda type_, text: type_(text))
    except msgspec.ValidationError as invalid:
        raise Invalid(f"The setting {name} cannot be {value!r}: {invalid}.") from invalid


def _help(annotation: Any) -> str:  # noqa: ANN401 - a type, of any kind
    return next(m.description for m in reversed(annotation.__metadata__) if m.description)
