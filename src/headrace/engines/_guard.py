"""What a statement may not do, whoever wrote it: read files by name, attach, copy, install, set.

DuckDB's own locks (`enable_external_access`, `lock_configuration`) hold what they hold: `sqlite_scan` and ATTACH go
around them where a folder is allowed. So every text that is executed passes here, in DuckDB's own reading of it: its
tokens for every statement, its tree for those that it can print (queries). Table functions are refused unless they are
listed, so that one that an extension brings tomorrow is refused too.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headrace.engines import _problems
from headrace.errors import TooLarge

if TYPE_CHECKING:
    import duckdb

MAX_TEXT = 1 << 24  # characters of a statement; the server's setting SQL_KB is lower
MAX_DEPTH = 200  # brackets within brackets

QUERIES = frozenset("SELECT WITH FROM VALUES TABLE ( DESCRIBE DESC SHOW SUMMARIZE PIVOT UNPIVOT".split())
CHANGES = frozenset("INSERT UPDATE DELETE TRUNCATE MERGE CREATE DROP ALTER COMMENT EXPLAIN".split()) | frozenset(
    "BEGIN START COMMIT END ROLLBACK ABORT".split()
)
TYPES = frozenset("SELECT INSERT UPDATE DELETE MERGE_INTO CREATE DROP ALTER EXPLAIN TRANSACTION MULTI CALL".split())
MADE = frozenset("TABLE VIEW SCHEMA MACRO FUNCTION TYPE SEQUENCE INDEX UNIQUE".split())
# Table functions that read nothing but their arguments and what the caller sees anyway.
TABLE_FUNCTIONS = frozenset(
    """
    duckdb_columns duckdb_constraints duckdb_coordinate_systems duckdb_functions duckdb_keywords duckdb_schemas
    duckdb_tables duckdb_types duckdb_views ducklake_current_snapshot ducklake_last_committed_snapshot
    ducklake_snapshots ducklake_table_changes ducklake_table_deletions ducklake_table_info ducklake_table_insertions
    generate_series histogram histogram_values icu_calendar_names json_each json_tree pg_timezone_names
    pragma_table_info pragma_version range repeat repeat_row st_drivers st_generatepoints summary test_all_types
    test_vector_types unnest
    """.split()
)
# What CALL is for: the upkeep of a schema by its owner. Each works on a schema that was lent to be written, and on the
# files that its catalogue has.
UPKEEP = frozenset(
    """
    ducklake_cleanup_old_files ducklake_expire_snapshots ducklake_merge_adjacent_files ducklake_rewrite_data_files
    """.split()
)
# Functions of other kinds, and tables, that tell of the machine or run text as SQL.
REFUSED = frozenset(
    """
    current_setting duckdb_databases duckdb_extensions duckdb_external_file_cache duckdb_log_contexts duckdb_logs
    duckdb_logs_parsed duckdb_memory duckdb_prepared_statements duckdb_secret_types duckdb_secrets duckdb_settings
    duckdb_temporary_files duckdb_variables getenv json_execute_serialized_sql load_aws_credentials
    pragma_database_list set_config shell sql_auto_complete write_log
    """.split()
)
# What extensions call what they bring: for statements whose tree cannot be looked at, whatever is loaded.
BROUGHT = re.compile(
    r"(read|scan|sqlite|postgres|mysql|ducklake|iceberg|delta|parquet|pragma|duckdb|load|enable|disable|rtree|st_read)_.*"
    r"|.*_scan|.*_attach|st_read.*|shapefile_meta|glob|sniff_csv|query|query_table|force_checkpoint|checkpoint"
)
HIDDEN = "__ducklake_metadata"
FILE = re.compile(
    r"://|/|\\|\.(csv|tsv|json|jsonl|ndjson|parquet|arrow|ipc|feather|db|duckdb|xlsx?|txt|gz|zst)$", re.IGNORECASE
)
# DuckDB takes these for spaces, and its tokenizer does not.
SPACES = dict.fromkeys(
    [0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF], " "
)

Token = tuple[str, str, int]  # its text, its kind, where it starts


def check(
    connection: "duckdb.DuckDBPyConnection", text: str, known: frozenset[str] = frozenset()
) -> "list[duckdb.Statement]":
    """The statements of a text in DuckDB's dialect. Raises SqlError for what they may not do, TooLarge.

    `known` are names that look like files and are registered under that name.
    """
    import duckdb

    measure(text)
    tokens = read(text)
    refused = _table_functions(connection)
    for statement in _split(tokens):
        _check_start(text, statement)
    _check_names(text, tokens, refused, known)
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise _problems.of_duckdb(error, text) from None
    for statement in statements:
        if statement.type.name not in TYPES:
            raise _refuse(text, 0, statement.type.name)
    _check_trees(connection, text, refused, known)
    return statements


def measure(text: str) -> None:
    """Raises TooLarge for a text that is over a limit, SqlError for one with a NUL in it."""
    if len(text) > MAX_TEXT:
        raise TooLarge(f"A statement has at most {MAX_TEXT:,} characters; this one has {len(text):,}.")
    if "\0" in text:
        raise _problems.at(text, text.index("\0"), "A statement has no NUL character in it.")
    depth = 0
    for bracket in re.finditer(r"[()\[\]{}]|'(?:[^']|'')*'|\"[^\"]*\"", text):
        if bracket[0] in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"Brackets stand at most {MAX_DEPTH} deep within one another."
                raise _problems.at(text, bracket.start(), message)
        elif bracket[0] in ")]}":
            depth -= 1


def read(text: str) -> list[Token]:
    """The tokens as DuckDB reads them, without comments."""
    import duckdb

    encoded = text.translate(SPACES).encode()
    found = duckdb.tokenize(encoded.decode())
    ends = [start for start, _ in found[1:]] + [len(encoded)]
    tokens: list[Token] = []
    for (start, kind), end in zip(found, ends, strict=True):
        raw = encoded[start:end].decode(errors="replace")
        if kind == duckdb.token_type.identifier and raw.startswith('"'):
            closed = re.match(r'"((?:[^"]|"")*)"', raw)
            word = closed[1].replace('""', '"') if closed else raw
        elif kind == duckdb.token_type.string_const:
            word = raw.strip().strip("'")
        elif kind == duckdb.token_type.operator:
            word = raw[:1]
        else:
            word = re.split(r"\s|--|/\*", raw, maxsplit=1)[0]
        tokens.append((word, kind.name, len(encoded[:start].decode(errors="replace"))))
    return [token for token in tokens if token[1] != "comment"]


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in tokens:
        if token[0] == ";" and token[1] == "operator":
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _check_start(text: str, statement: list[Token]) -> None:
    words = [word.upper() for word, _, _ in statement]
    first, at = words[0], statement[0][2]
    if first == "EXPLAIN":
        _check_start(text, _explained(text, statement))
    elif first == "CALL":
        if len(words) < 3 or words[1].lower() not in UPKEEP or words[2] != "(":
            raise _problems.at(text, at, f"CALL is for {', '.join(sorted(UPKEEP))}.")
    elif first not in QUERIES | CHANGES:
        raise _refuse(text, at, first)
    elif first == "CREATE":
        made = next((word for word in words[1:] if word not in ("OR", "REPLACE", "TEMP", "TEMPORARY")), "")
        if made not in MADE:
            raise _refuse(text, at, f"CREATE {made}")
        if made == "TABLE" and "ENGINE" in words[:6]:
            raise _refuse(text, at, "ENGINE")


def _explained(text: str, statement: list[Token]) -> list[Token]:
    """The statement after EXPLAIN and its options: a query."""
    rest = statement[1:]
    while rest and rest[0][0].upper() in ("ANALYZE", "VERBOSE"):
        rest = rest[1:]
    if rest and rest[0][0] == "(" and len(rest) > 1 and rest[1][0].upper() in ("FORMAT", "ANALYZE", "VERBOSE", "COSTS"):
        close = next((i for i, token in enumerate(rest) if token[0] == ")"), len(rest))
        rest = rest[close + 1 :]
    if not rest or rest[0][0].upper() not in QUERIES:
        raise _problems.at(text, statement[0][2], "EXPLAIN is for queries.")
    return rest


def _check_names(text: str, tokens: list[Token], refused: frozenset[str], known: frozenset[str]) -> None:
    for i, (word, kind, at) in enumerate(tokens):
        name = word.lower()
        before = tokens[i - 1][0].upper() if i else ""
        if kind in ("identifier", "keyword") and not (before == "CALL" and name in UPKEEP):
            if name.startswith(HIDDEN):
                raise _problems.at(text, at, "The tables that describe a schema's own storage are not for statements.")
            called = i + 1 < len(tokens) and tokens[i + 1][0] == "(" and tokens[i + 1][1] == "operator"
            brought = BROUGHT.fullmatch(name) is not None and name not in TABLE_FUNCTIONS
            if name in REFUSED or (called and (name in refused or brought)):
                raise _problems.at(text, at, _function(name))
        if kind in ("identifier", "string_const") and before in ("FROM", "JOIN", "USING", "TABLE", "INTO"):
            _check_table(text, at, word, known)


def _check_table(text: str, at: int, name: str, known: frozenset[str]) -> None:
    if FILE.search(name) and name.lower() not in known:
        raise _problems.at(text, at, nothing_called(name, known))


def nothing_called(name: str, known: frozenset[str] | list[str]) -> str:
    """The sentence for a table that there is not, with those that there are."""
    there = ", ".join(f"`{one}`" for one in sorted(known)[:10])
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return f"There is no table `{name}` that you may read here; " + (
        f"there are {there}{more}." if known else "the statement names none of your arrays and files."
    )


def _function(name: str) -> str:
    if "read" in name or "scan" in name or name in ("glob", "sniff_csv"):
        return f"{name} reads the machine's files, which SQL may not do; name an array or a file of yours as a table."
    return f"The function {name} is not for statements."


def _check_trees(
    connection: "duckdb.DuckDBPyConnection", text: str, refused: frozenset[str], known: frozenset[str]
) -> None:
    """Look at the whole tree of what DuckDB can print, which are queries."""
    import duckdb

    try:
        # A cursor of its own: in one that stands in a schema of the warehouse each function would be looked for there.
        with connection.cursor() as apart:
            row = apart.execute("SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", [text]).fetchone()
    except duckdb.Error as error:
        raise _problems.of_duckdb(error, text) from None
    tree = json.loads(row[0]) if row else {}
    if tree.get("error"):
        return
    for node in _walk(tree):
        name = str(node.get("function_name") or "").lower()
        at = node.get("query_location")
        where = _character(text, at if isinstance(at, int) else 0)
        if name in REFUSED or (name in refused and node.get("class") == "FUNCTION"):
            raise _problems.at(text, where, _function(name))
        if node.get("type") == "TABLE_FUNCTION":
            called = str((node.get("function") or {}).get("function_name") or "").lower()
            if called not in TABLE_FUNCTIONS:
                raise _problems.at(text, where, _function(called))
        if node.get("type") == "BASE_TABLE":
            table, catalog = str(node.get("table_name") or ""), str(node.get("catalog_name") or "")
            schema = str(node.get("schema_name") or "")
            if HIDDEN in f"{catalog} {schema} {table}".lower() or table.lower() in REFUSED:
                raise _problems.at(text, where, _function(table.lower()))
            if not schema and not catalog:
                _check_table(text, where, table, known)


def _character(text: str, offset: int) -> int:
    return len(text.encode()[: offset if offset < 2**31 else 0].decode(errors="ignore"))


def _walk(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _table_functions(connection: "duckdb.DuckDBPyConnection") -> frozenset[str]:
    """The table functions of this DuckDB and its extensions that are not listed; asked once in a process."""
    if not _REFUSED_FUNCTIONS:
        rows = connection.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() "
            "WHERE function_type IN ('table', 'table_macro', 'pragma') AND internal"
        ).fetchall()
        _REFUSED_FUNCTIONS.update(row[0] for row in rows)
        # Those that share their name with a function on values do nothing but that where a value stands.
        _REFUSED_FUNCTIONS.difference_update(TABLE_FUNCTIONS | {"version", "functions", "show", "platform"})
    return frozenset(_REFUSED_FUNCTIONS | {"read_text", "read_blob", "sqlite_scan", "st_read", "glob"})


_REFUSED_FUNCTIONS: set[str] = set()


def _refuse(text: str, at: int, word: str) -> _problems.SqlError:
    return _problems.at(text, at, f"{word.upper()[:40] or 'This'} is not for statements here: {SERVED}.")


SERVED = (
    "there are queries, INSERT, UPDATE, DELETE, CREATE, DROP and ALTER of tables and views, transactions, and CALL of "
    "what keeps a schema small"
)
