"""When keys and tokens were last used: noted in memory on the way, written down a minute later by the janitor."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from headrace.db.engine import Database
from headrace.db.tables import access_tokens, api_keys
from headrace.errors import Unavailable


class Uses:
    """The uses not written yet. Noting one costs a dictionary entry; a killed server forgets the last minute."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, int], datetime] = {}

    def key(self, key_id: int) -> None:
        """Note that an API key was used just now."""
        self._noted["key", key_id] = datetime.now(UTC)

    def token(self, token_id: int) -> None:
        """Note that a token was used just now."""
        self._noted["token", token_id] = datetime.now(UTC)

    def write(self, db: Database) -> None:
        """Write down what was noted. Where the database is away, it stays noted."""
        noted, self._noted = self._noted, {}
        noted = noted.copy()  # a thread that holds the old dictionary may still be noting in it
        if not noted:
            return
        try:
            with db.begin() as connection:
                for kind, table in (("key", api_keys), ("token", access_tokens)):
                    rows = [{"one": one, "moment": at} for (noted_kind, one), at in noted.items() if noted_kind == kind]
                    if rows:
                        statement = table.update().where(table.c.id == sa.bindparam("one"))
                        connection.execute(statement.values(last_used_at=sa.bindparam("moment")), rows)
        except (SQLAlchemyError, Unavailable):
            self._noted = noted | self._noted
            raise
