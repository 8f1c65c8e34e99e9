"""The last snapshots of schemas that are described in PostgreSQL: what tells their state from any other.

Every commit makes one, whichever server it comes from. A look is one read of an index, as the role that may read that
schema and nothing else, over a connection that is kept for the next.

    look ──────────▶ next look ──────────▶
      ▲ came before    ▲ came while the first was under way: may know of a write that it does not see
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import lakes
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    import psycopg

KEPT = 16  # connections; the one that was used longest ago is closed
NOTHING = "nothing is written yet"

log = structlog.get_logger(__name__)


class Snapshots:
    """Looks at catalogues. `reader` gives the URL of one by which this server reads it; it may block."""

    def __init__(self, reader: Callable[[int], str]) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, psycopg.Connection] = OrderedDict()
        self._closed = False
        self._looking: dict[int, asyncio.Task[str | None]] = {}
        self._next: dict[int, asyncio.Task[str | None]] = {}

    async def of(self, schema_ids: Sequence[int]) -> tuple[str, ...]:
        """The state of each of these schemas, at a moment after this was asked. Empty where one does not answer."""
        seen = await asyncio.gather(*map(self._look, schema_ids))
        return () if None in seen else tuple(f"{number}@{one}" for number, one in zip(schema_ids, seen, strict=True))

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            self._closed = True
            while self._kept:
                self._kept.popitem()[1].close()

    async def _look(self, schema_id: int) -> str | None:
        if (coming := self._next.get(schema_id)) is None:
            coming = asyncio.create_task(self._after(schema_id, self._looking.get(schema_id)))
            self._next[schema_id] = coming
        return await asyncio.shield(coming)  # others wait for it too

    async def _after(self, schema_id: int, before: "asyncio.Task[str | None] | None") -> str | None:
        if before is not None:
            await asyncio.wait({before})
        looking = self._looking[schema_id] = self._next.pop(schema_id)
        try:
            return await asyncio.to_thread(self._read, schema_id)
        finally:
            if self._looking.get(schema_id) is looking:
                del self._looking[schema_id]

    def _read(self, schema_id: int) -> str | None:
        import psycopg

        with self._lock:
            connection = self._kept.pop(schema_id, None)
        try:
            if connection is not None:
                try:
                    return self._read_by(connection, schema_id)
                except psycopg.OperationalError:  # PostgreSQL was started anew since, or ends who is idle
                    connection.close()
            connection = lakes.connect(self._reader(schema_id))
            return self._read_by(connection, schema_id)
        except (psycopg.Error, SQLAlchemyError, HeadraceError) as away:
            if connection is not None:
                connection.close()
            log.warning("a catalogue does not tell its last snapshot", schema=schema_id, error=str(away)[:300])
            return None

    def _read_by(self, connection: "psycopg.Connection", schema_id: int) -> str:
        found = lakes.last_snapshot(connection, schema_id) or NOTHING
        with self._lock:
            self._kept[schema_id] = connection
            while len(self._kept) > (0 if self._closed else KEPT):
                self._kept.popitem(last=False)[1].close()
        return found
