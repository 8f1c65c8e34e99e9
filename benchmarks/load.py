"""Load on one address: wrk where it is found, our own generator elsewhere; the same for every system of a run."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

LUA = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %f %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""
GENERATOR = Path(__file__).parent / "generator.py"


class Load(NamedTuple):
    """What came of a run: calls a second, and milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    errors: int


def put(
    url: str,
    connections: int,
    seconds: float,
    *,
    cores: list[int],
    post: bytes | None = None,
    paths: list[str] | None = None,
) -> Load:
    """Ask an address again and again over that many connections, from one thread on these cores.

    With `paths`, these of its host in turn; that wants wrk.
    """
    if paths and not shutil.which("wrk"):
        raise RuntimeError("Many addresses in turn want wrk: apt-get install wrk.")
    pinned = ["taskset", "-c", ",".join(map(str, cores))]
    with tempfile.TemporaryDirectory() as folder:
        command = _wrk(Path(folder), post, paths) if shutil.which("wrk") else [sys.executable, str(GENERATOR)]
        command += ["-c", str(connections), "-d", str(seconds)]
        if post and not shutil.which("wrk"):
            command += ["--post", post.decode()]
        said = subprocess.run(
            [*pinned, *command, url], check=True, capture_output=True, text=True, timeout=seconds + 60
        ).stdout
    requests, micros, p50, p95, p99, errors = (float(v) for v in re.search(r"RESULT (.*)", said)[1].split())
    return Load(requests / (micros / 1e6), p50 / 1e3, p95 / 1e3, p99 / 1e3, int(errors))


def maker() -> str:
    """What makes the load, in words."""
    if shutil.which("wrk"):
        return "wrk in one thread"
    return "our own generator, in Python and itself a bound on the rates (wrk was not found: `apt-get install wrk`)"


def _wrk(folder: Path, post: bytes | None, paths: list[str] | None) -> list[str]:
    script = folder / "load.lua"
    body = (
        f'wrk.method = "POST"\nwrk.body = [==[{post.decode()}]==]\nwrk.headers["Content-Type"] = "application/json"\n'
        if post
        else ""
    )
    if paths:
        listed = ", ".join(f"[==[{path}]==]" for path in paths)
        body += f"local paths, i = {{{listed}}}, 0\nrequest = function()\n  i = i % #paths + 1\n"
        body += '  return wrk.format("GET", paths[i])\nend\n'
    script.write_text(body + LUA)
    return ["wrk", "-t1", "--timeout", "30s", "-s", str(script)]
