"""Ids by the names that people know (Civis protocol notes 3)."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headrace.client.caller import Caller
from headrace.client.resources import Resources
from headrace.client.response import Response
from headrace.errors import Invalid

AWS = "Amazon Web Services S3"
DATABASE = "Database"
SHOWN = 10  # names in a sentence


class Lookups(Resources):
    """Who one is, and the ids of credentials, databases, tables and storage hosts."""

    _reader: Caller  # gives Responses, whatever the client's own return type is

    @property
    def username(self) -> str:
        """The username of the key's owner."""
        return next(self._each("users", "get_me"))["username"]

    @property
    def default_credential(self) -> int | None:
        """The id of the default credential of the key's owner; None without one."""
        return self._default()

    @property
    def default_database_credential_id(self) -> int | None:
        """The id of the default credential for databases of the key's owner; None without one."""
        return self._default(type=DATABASE)

    def get_aws_credential_id(self, cred_name: str | int, owner: str | None = None) -> int:
        """The id of a credential for S3 by its name; an id is given back as it is.

        `owner` is the username of its owner. Without it, one's own comes first where several have the name.
        Raises ValueError where there is none; the text names those that there are.
        """
        if isinstance(cred_name, int):
            return cred_name
        there = [*self._each("credentials", "list", {"type": AWS})]
        named = [one for one in there if one["name"] == cred_name and owner in {None, one["owner"]}]
        if len(named) > 1 and owner is None:
            me = self.username
            named = [one for one in named if one["owner"] == me] or named
        if not named:
            of = f" of {owner!r}" if owner else ""
            names = [f"{one['name']} of {one['owner']}" for one in there]
            raise _missing(f"credential for S3 called {cred_name!r}{of}", names)
        return named[0]["id"]

    def get_database_credential_id(self, username: str | int, database_name: str | int) -> int:
        """The id of a credential by the name that it logs in with; an id is given back as it is.

        `database_name` is the name or the id of the database.
        Raises ValueError where there is none; the text names those that there are.
        """
        if isinstance(username, int):
            return username
        key = "remote_host_id" if isinstance(database_name, int) else "remote_host_name"
        there = [*self._each("credentials", "list", {"type": DATABASE})]
        for one in there:
            if one["username"] == username and one[key] == database_name:
                return one["id"]
        names = [f"{one['username']} on {one['remote_host_name'] or one['remote_host_id']}" for one in there]
        raise _missing(f"credential of {username!r} on the database {database_name!r}", names)

    def get_database_id(self, database: str | int) -> int:
        """The id of a database by its name; an id is given back as it is.

        Raises ValueError where there is none; the text names those that there are.
        """
        return self._named("databases", "database", database)

    def get_storage_host_id(self, storage_host: str | int) -> int:
        """The id of a storage host by its name; an id is given back as it is.

        Raises ValueError where there is none; the text names those that there are.
        """
        return self._named("storage_hosts", "storage host", storage_host)

    def get_table_id(self, table: str, database: str | int) -> int:
        """The id of a table by its name, `schema.table`; a name with a dot in it stands in quotes: `"my.schema".table`.

        `database` is the name or the id of the database.
        Raises ValueError where no table has exactly that name; the text names tables like it.
        """
        schema, name = split(table)
        database_id = self.get_database_id(database)
        there = [*self._each("tables", "list", {"database_id": database_id, "schema": schema, "name": name})]
        for one in there:
            if (one["schema"], one["name"]) == (schema, name):
                return one["id"]
        names = [f"{one['schema']}.{one['name']}" for one in there]
        raise _missing(f"table called {table!r} in the database {database!r}", names)

    def _default(self, **filters: str) -> int | None:
        found = next(self._each("credentials", "list", {"default": True, **filters}), None)
        return found["id"] if found else None

    def _named(self, resource: str, noun: str, wanted: str | int) -> int:
        if isinstance(wanted, int):
            return wanted
        there = [*self._each(resource, "list")]
        for one in there:
            if one["name"] == wanted:
                return one["id"]
        raise _missing(f"{noun} called {wanted!r}", [one["name"] for one in there])

    def _each(self, resource: str, name: str, values: Mapping[str, Any] | None = None) -> Iterator[Response]:
        """Every object that a method gives, of all its pages."""
        specification, values = self.specification, values or {}
        try:
            method = specification.resources[resource][name]
        except KeyError:
            raise Invalid(f"This server has no {resource}.{name}.") from None
        if method.pageable:
            yield from self._reader.each(method, values, specification.definitions)
        elif method.many:
            yield from self._reader.call(method, values, specification.definitions)
        else:
            yield self._reader.call(method, values, specification.definitions)


def split(table: str) -> tuple[str, str]:
    """Schema and name of `schema.table`, either of which may stand in double quotes. Raises ValueError."""
    parts = next(csv.reader([table], delimiter=".", quotechar='"', strict=True), [])
    if len(parts) != 2 or not all(parts):
        raise ValueError(
            f"A table is named as schema.table, with double quotes around what has a dot; {table!r} is not."
        )
    return parts[0], parts[1]


def _missing(what: str, there: Iterable[str]) -> ValueError:
    names = sorted({*there})
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    known = f"there are {', '.join(names[:SHOWN])}{more}" if names else "there are none that you may see"
    return ValueError(f"There is no {what}; {known}.")
