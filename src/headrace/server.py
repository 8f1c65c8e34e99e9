"""The composition root: what a server is made of, and who is plugged into whom."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources
from importlib.metadata import version
from types import FrameType

import click
import structlog
import uvicorn
from sqlalchemy.exc import DBAPIError

from headrace import executors, logs
from headrace.api.assets import Assets
from headrace.api.auth import Keys
from headrace.api.codec import PlainJson
from headrace.api.endpoint import Rim
from headrace.api.landing import landing
from headrace.api.machine import machine_operations
from headrace.api.router import Mount, Router
from headrace.api.spec.routes import spec_operations
from headrace.db.engine import Database
from headrace.dialects import civis, fused, tiledb
from headrace.dialects.civis.handover import HandoverRoutes
from headrace.dialects.fused.cache import CacheRoutes
from headrace.dialects.fused.calls import CallRoutes
from headrace.dialects.fused.code_by_token import CodeByToken
from headrace.dialects.fused.efs import DiskRoutes
from headrace.dialects.fused.files import FileRoutes
from headrace.dialects.fused.inside import Inside
from headrace.dialects.fused.login import LoginRoutes
from headrace.dialects.fused.maps import Maps
from headrace.dialects.fused.openings import Openings
from headrace.dialects.fused.share import Share
from headrace.dialects.fused.tilejson import TileJson
from headrace.dialects.tiledb.graphs import GraphRoutes
from headrace.dialects.tiledb.sql import SqlRoutes
from headrace.dialects.tiledb.tasks import TaskRoutes
from headrace.dialects.tiledb.udfs import UdfRoutes
from headrace.errors import Unavailable
from headrace.services import accounts
from headrace.services.admission import Admission
from headrace.services.call import Call, Platform
from headrace.services.calls import Calls
from headrace.services.files import Files
from headrace.services.graph_runs import Graphs
from headrace.services.guesses import Guesses
from headrace.services.handover import Handover
from headrace.services.health import Health
from headrace.services.measures import Measures
from headrace.services.pickled import Functions
from headrace.services.snapshots import Snapshots
from headrace.services.targets import Targets
from headrace.services.tasks import Tasks, server_of
from headrace.services.usage import open_quota
from headrace.settings import Settings
from headrace.store.blobs import Blobs
from headrace.store.cipher import open_cipher
from headrace.store.results import Results
from headrace.work.builder import Builder
from headrace.work.interpreters import Packages
from headrace.work.janitor import Janitor
from headrace.work.recorder import Recorder

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 6  # of the 10 in which a server has stopped after SIGTERM
CONNECTIONS = 16


def open_platform(settings: Settings) -> Platform:
    """The home folder, its database at this version's schema, and its keys. Raises Unavailable, Invalid."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = Database(settings.database_url or f"sqlite:///{settings.home / 'headrace.db'}", connections=CONNECTIONS)
    try:
        db.migrate()
    except Unavailable as away:
        db.close()
        # Whoever starts a server may know what its callers are not told.
        reason = away.__cause__.orig if isinstance(away.__cause__, DBAPIError) else away.message
        raise Unavailable(f"The database cannot be opened: {str(reason)[:300]}") from away
    blobs = Blobs(settings.store_url or settings.home / "store")
    return Platform(settings, db, blobs, open_cipher(settings.secret_key, settings.home))


def create_app(settings: Settings, platform: Platform) -> Router:
    """The ASGI application of a server over an open platform."""
    executor = executors.make(settings)
    results = Results(platform.blobs, memory_bytes=settings.cache_memory_mb << 20, disk_bytes=settings.cache_mb << 20)
    recorder = Recorder(platform.db)
    measures = Measures(lambda: {**executor.gauges(), **recorder.gauges(), **results.gauges()})
    snapshots = Snapshots(platform.doors.reader)
    calls = Calls(settings, executor, results, recorder.add, measures, snapshots)
    tasks = Tasks(platform, executor, results, server_of(settings.home))
    packages = Packages(settings)
    functions = Functions(tasks, packages.of)
    graphs = Graphs(platform, tasks, functions, server_of(settings.home))
    targets, assets = Targets(platform), Assets(resources.files("headrace").joinpath("web", "dist"))
    guesses = Guesses(settings.wrong_guesses)
    openings = Openings(targets, Admission(platform, guesses), guesses)
    share, maps = Share(calls, openings, assets), Maps(calls, assets, settings.url)
    routes = CallRoutes(calls, targets, openings, share, settings)
    quota = open_quota(platform)
    owned = Files(platform, quota)
    uploaded = HandoverRoutes(Handover(platform, quota), settings.body_seconds)
    files = FileRoutes(owned, settings.body_seconds, settings.public_url)
    disk = DiskRoutes(owned, settings.body_seconds)
    health = Health(platform, measures, lambda: executor.gauges()["zygote_ready"] > 0)
    keys = Keys(lambda text: accounts.authenticate(platform, text), lambda: platform.revision.value)
    rim = Rim(
        keys=keys,
        make_call=lambda who, address: Call(platform, who, address),
        body_bytes=settings.body_mb << 20,
        body_seconds=settings.body_seconds,
        threads=CONNECTIONS,
    )

    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        await executor.start()
        await asyncio.to_thread(tasks.sweep)
        await graphs.resume()
        janitor = Janitor(settings, platform.db, platform.blobs, results, platform.uses, tasks.settle)
        builder = Builder(settings, platform.db, platform.builds, platform.revision.bump, executor.environments)
        yield
        health.stopping = True
        routes.close()
        await graphs.close()
        await tasks.close()
        await executor.close(DRAIN_SECONDS)
        await calls.drain()
        snapshots.close()
        builder.close()
        packages.close()
        janitor.close()
        recorder.close()
        platform.doors.close()
        platform.db.close()

    tiles, cache, login = TileJson(calls, openings), CacheRoutes(calls), LoginRoutes(guesses)
    udfs = (routes, CodeByToken(openings), cache, login, files, disk, share, maps, tiles, fused)
    of_fused = [operation for part in udfs for operation in part.operations()]
    calls.inside = Inside(platform, rim, of_fused).answer
    mounts = [
        Mount(civis.PREFIX, [*civis.operations(settings.url), *uploaded.operations()], civis.CODEC),
        Mount("/server/v1", of_fused, PlainJson()),
        *tiledb.mounts(SqlRoutes(tasks), TaskRoutes(tasks), UdfRoutes(tasks, functions), GraphRoutes(graphs)),
    ]
    people = [*landing(version("headrace")), *share.short(), *maps.pages(), *assets.operations()]
    mounts.append(Mount("/", people, PlainJson()))
    mounts.append(Mount("/", machine_operations(health.check, health.exposition), PlainJson()))
    shown = spec_operations(mounts, title="Headrace", version=version("headrace"), url=settings.url)
    mounts.append(Mount("/", shown, PlainJson()))
    return Router(mounts, rim, lifespan=lifespan)


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve over a bound socket until a signal; the address is printed once requests are answered."""
    logs.configure(settings.log_level)
    platform = open_platform(settings)
    fresh = accounts.ensure_admin(platform)
    # What is made here lives as long as the server: looking through it for garbage would take longer than making it.
    gc.disable()
    app = create_app(settings, platform)
    gc.freeze()
    gc.enable()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ws="none",
    )
    listener.listen(2048)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server raises the signal that stopped it once more when it is done; stopping as asked is no failure.
        signal.signal(number, _stop_as_asked)
    Announcing(config, settings, fresh).run(sockets=[listener])


def _stop_as_asked(number: int, frame: FrameType | None) -> None:
    """Nothing: whoever sent the signal has what they wanted."""


class Announcing(uvicorn.Server):
    """A server that says where it is once it is there."""

    def __init__(self, config: uvicorn.Config, settings: Settings, fresh_key: str | None) -> None:
        super().__init__(config)
        self._settings, self._fresh_key = settings, fresh_key

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so on stdout."""
        await super().startup(sockets)
        if self.should_exit:
            return
        if self._fresh_key:
            click.echo(f"The key of the administrator, shown this once and kept in {self._settings.home}/admin.key:")
            click.echo(f"  {self._fresh_key}")
        click.echo(f"Headrace answers at {self._settings.url}")
