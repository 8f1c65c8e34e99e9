"""The resource API in this process: a platform on SQLite, the routes over it, and questions to them."""

import asyncio
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

import recording
from headrace.api.auth import Keys
from headrace.api.endpoint import Rim
from headrace.api.router import Mount, Router
from headrace.db.engine import Database
from headrace.dialects import civis
from headrace.dialects.civis.handover import HandoverRoutes
from headrace.services import accounts
from headrace.services.call import Call, Platform
from headrace.services.handover import Handover
from headrace.services.usage import open_quota
from headrace.settings import Settings
from headrace.store.blobs import Blobs
from headrace.store.cipher import open_cipher


def opened(home: Path) -> Platform:
    """A platform on SQLite in this folder, whose administrator has the key `hr_admin`."""
    settings = msgspec.structs.replace(Settings(), home=home, admin_key="hr_admin")
    db = Database(f"sqlite:///{home / 'headrace.db'}")
    db.migrate()
    platform = Platform(settings, db, Blobs(home / "store"), open_cipher("", home))
    accounts.ensure_admin(platform)
    return platform


def application(platform: Platform) -> Router:
    """The resource API over the platform."""
    keys = Keys(lambda text: accounts.authenticate(platform, text), lambda: platform.revision.value)
    rim = Rim(keys=keys, make_call=lambda who, address: Call(platform, who, address), body_bytes=1 << 20)
    uploads = HandoverRoutes(Handover(platform, open_quota(platform)), 30).operations()
    return Router([Mount(civis.PREFIX, [*civis.operations("http://test"), *uploads], civis.CODEC)], rim)


@contextmanager
def asking(app: Router):
    """A function that asks the API, of one event loop; with `key=None` as nobody."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    client = httpx.AsyncClient(transport=transport, base_url="http://test/api")
    with asyncio.Runner() as runner:

        def send(method, path, *, key="hr_admin", headers=(), **rest):
            given = {"Authorization": f"Bearer {key}"} if key else {}
            answer = runner.run(client.request(method, path, headers={**given, **dict(headers)}, **rest))
            recording.note(method, path, rest, answer)
            return answer

        yield send
