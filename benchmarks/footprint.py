"""B13: memory of an idle server, and the seconds from the command to the first 200."""

import os
import tempfile
import time
from statistics import median

import httpx

from benchmarks import systems
from benchmarks.processes import free_port, memory_mb, python, running
from benchmarks.report import Report, spread, verdict

REPEATS = 3
SETTLE = 5.0  # seconds after the first 200: what a server imports in the background counts


def measure(report: Report) -> None:
    rows = []
    ours = [_headrace() for _ in range(REPEATS)]
    rows.append(["headrace", *(spread([one[i] for one in ours], d) for i, d in ((0, 2), (1, 0), (2, 0)))])
    for name, start in (
        ("ray serve", _ray),
        ("prefect server", _prefect),
        ("dagster dev", _dagster),
        ("airflow standalone", _airflow),
    ):
        try:
            ready, idle = start()
        except RuntimeError as failed:
            rows.append([name, "did not start", str(failed)[:120].replace("\n", " ").replace("|", "/"), ""])
            continue
        rows.append([name, f"{ready:.2f}", f"{idle:,.0f}", ""])
    seconds, idle = median(one[0] for one in ours), median(one[1] for one in ours)
    note = (
        f"PSS over the process tree, {SETTLE:g} s after the first 200. Bars: <= 250 MB idle: {verdict(idle <= 250)}; "
        f"<= 3 s to the first 200: {verdict(seconds <= 3)}."
    )
    report.section("B13: footprint", note, ["system", "first 200, s", "idle, MB", "after a first call, MB"], rows)


def _headrace() -> tuple[float, float, float]:
    with systems.headrace() as system:
        time.sleep(SETTLE)
        idle = memory_mb(system.pid)
        httpx.get(system.addresses["frame"] + "?format=json", timeout=60).raise_for_status()
        time.sleep(1)
        return system.ready, idle, memory_mb(system.pid)


def _weigh(command: list, url: str, env: dict | None = None, seconds: float = 180) -> tuple[float, float]:
    with running(command, url, env=env, seconds=seconds) as (pid, ready):
        time.sleep(SETTLE)
        return ready, memory_mb(pid)


def _ray() -> tuple[float, float]:
    with systems.ray_serve() as system:
        time.sleep(SETTLE)
        return system.ready, memory_mb(system.pid)


def _prefect() -> tuple[float, float]:
    port, interpreter = free_port(), python("prefect", "prefect==3.9.1")
    with tempfile.TemporaryDirectory() as home:
        env = {"PREFECT_HOME": home, "PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
        command = [interpreter.parent / "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
        return _weigh(command, f"http://127.0.0.1:{port}/api/health", env)


def _dagster() -> tuple[float, float]:
    port, interpreter = free_port(), python("dagster", "dagster==1.13.28", "dagster-webserver==1.13.28")
    with tempfile.TemporaryDirectory() as home:
        job = os.path.join(home, "job.py")
        with open(job, "w") as file:
            file.write(
                "import dagster\n\n@dagster.asset\ndef one(): return 1\n\ndefs = dagster.Definitions(assets=[one])\n"
            )
        env = {"DAGSTER_HOME": home, "PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
        command = [interpreter.parent / "dagster", "dev", "-f", job, "-h", "127.0.0.1", "-p", port]
        return _weigh(command, f"http://127.0.0.1:{port}/server_info", env)


def _airflow() -> tuple[float, float]:
    port, interpreter = free_port(), python("airflow", "apache-airflow==3.3.2")
    with tempfile.TemporaryDirectory() as home:
        env = {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "PATH": f"{interpreter.parent}:{os.environ['PATH']}",
        }
        return _weigh(
            [interpreter.parent / "airflow", "standalone"], f"http://127.0.0.1:{port}/api/v2/monitor/health", env
        )
