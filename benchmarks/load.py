"""Load on one address: wrk where it is found, in one thread on the second core."""

import re
import shutil
import subprocess
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


class Load(NamedTuple):
    """What came of a run: calls a second, and milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    errors: int


def wrk(url: str, connections: int, seconds: float, *, cores: str = "1", post: bytes | None = None) -> Load:
    """Ask an address again and again. Raises RuntimeError without wrk (Debian: `apt-get install wrk`)."""
    if not shutil.which("wrk"):
        raise RuntimeError("the benchmarks need wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        body = (
            f'wrk.method = "POST"\nwrk.body = [==[{post.decode()}]==]\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
            if post
            else ""
        )
        script.write_text(body + LUA)
        command = [
            "taskset",
            "-c",
            cores,
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            str(script),
            "--timeout",
            "30s",
            url,
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    requests, micros, p50, p95, p99, errors = (float(v) for v in re.search(r"RESULT (.*)", said)[1].split())
    return Load(requests / (micros / 1e6), p50 / 1e3, p95 / 1e3, p99 / 1e3, int(errors))
