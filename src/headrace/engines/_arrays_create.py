"""CREATE TABLE ... ENGINE=MyTile with its options, and SHOW CREATE TABLE: the way there and back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from sqlglot.tokenizer_core import Token, TokenType

from headrace.engines import _problems
from headrace.engines._arrays_columns import Column

if TYPE_CHECKING:
    import tiledb

INTEGERS = {
    "TINYINT": 8,
    "INT1": 8,
    "SMALLINT": 16,
    "INT2": 16,
    "MEDIUMINT": 32,
    "INT3": 32,
    "INT": 32,
    "INTEGER": 32,
} | {
    "INT4": 32,
    "BIGINT": 64,
    "INT8": 64,
}
FLOATS = {"FLOAT": "float32", "FLOAT4": "float32", "DOUBLE": "float64", "REAL": "float64", "FLOAT8": "float64"} | {
    "DECIMAL": "float64",
    "NUMERIC": "float64",
}
TEXT = {"CHAR", "VARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "JSON"}
BLOB = {"BINARY", "VARBINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB"}
FILTERS = {
    "GZIP": "GzipFilter",
    "ZSTD": "ZstdFilter",
    "LZ4": "LZ4Filter",
    "RLE": "RleFilter",
    "BZIP2": "Bzip2Filter",
    "DOUBLE_DELTA": "DoubleDeltaFilter",
    "DELTA": "DeltaFilter",
    "POSITIVE_DELTA": "PositiveDeltaFilter",
    "BIT_WIDTH_REDUCTION": "BitWidthReductionFilter",
    "BITSHUFFLE": "BitShuffleFilter",
    "BYTESHUFFLE": "ByteShuffleFilter",
    "CHECKSUM_MD5": "ChecksumMD5Filter",
    "CHECKSUM_SHA256": "ChecksumSHA256Filter",
    "DICTIONARY_ENCODING": "DictionaryFilter",
}
LEVELLED = ("GZIP", "ZSTD", "LZ4", "BZIP2", "RLE", "DELTA", "DOUBLE_DELTA", "DICTIONARY_ENCODING")
WINDOWED = ("POSITIVE_DELTA", "BIT_WIDTH_REDUCTION")
COLUMN_OPTIONS = ("dimension", "lower_bound", "upper_bound", "tile_extent", "filters")
TABLE_OPTIONS = (
    "uri",
    "array_type",
    "cell_order",
    "tile_order",
    "capacity",
    "coordinate_filters",
    "offset_filters",
    "validity_filters",
    "open_at",
    "encryption_key",
    "allows_duplicates",
)
IGNORED = ("engine", "default", "charset", "character", "set", "collate", "comment", "auto_increment", "row_format")
ORDERS = {"ROW_MAJOR": "row-major", "COL_MAJOR": "col-major", "COLUMN_MAJOR": "col-major", "HILBERT": "hilbert"}
EXTENT = 10_000  # cells of a tile along a dimension, where nothing is said
ENUM_CODES = {1 << 7: np.int8, 1 << 15: np.int16, 1 << 31: np.int32}  # labels that fit


class Defined(Struct, kw_only=True):
    """A column as it was defined."""

    name: str
    type: str
    at: int
    arguments: list[Any] = []
    unsigned: bool = False
    nullable: bool = True
    options: dict[str, Any] = {}

    @property
    def dimension(self) -> bool:
        """Whether it is said to be one."""
        return str(self.options.get("dimension", 0)).lower() in ("1", "true", "yes", "on")


class Creation(Struct, kw_only=True):
    """What a CREATE TABLE asks for."""

    name: str
    at: int
    if_not_exists: bool = False
    columns: list[Defined] = []
    options: dict[str, Any] = {}


def is_creation(tokens: Sequence[Token]) -> bool:
    """Whether this is a CREATE TABLE for MyTile."""
    words = [token.text.upper() for token in tokens]
    if words[:2] != ["CREATE", "TABLE"]:
        return False
    return any(word == "ENGINE" and "MYTILE" in words[i + 1 : i + 3] for i, word in enumerate(words))


def read(text: str, tokens: Sequence[Token]) -> Creation:
    """What the statement asks for. Raises SqlError where it cannot be read."""
    return _Reader(text, tokens).creation()


class _Reader:
    """Walks along the tokens of one CREATE TABLE."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.i = text, 2
        self.tokens = [part for token in tokens for part in _words(token)]

    def word(self, ahead: int = 0) -> str:
        token = self.tokens[self.i + ahead] if self.i + ahead < len(self.tokens) else None
        return "" if token is None else "(string)" if token.token_type is TokenType.STRING else token.text.upper()

    def wrong(self, message: str) -> _problems.SqlError:
        at = self.tokens[min(self.i, len(self.tokens) - 1)].start
        return _problems.at(self.text, at, message)

    def take(self, *words: str) -> bool:
        if tuple(self.word(i) for i in range(len(words))) == words:
            self.i += len(words)
            return True
        return False

    def need(self, word: str) -> None:
        if not self.take(word):
            raise self.wrong(f"Here {word} is expected.")

    def name(self) -> str:
        if self.i >= len(self.tokens):
            raise self.wrong("Here a name is expected.")
        token = self.tokens[self.i]
        self.i += 1
        return token.text

    def value(self) -> Any:  # noqa: ANN401 - a number or a text
        self.take("=")
        negative = self.take("-")
        if self.i >= len(self.tokens):
            raise self.wrong("Here a value is expected.")
        token = self.tokens[self.i]
        self.i += 1
        if token.token_type is TokenType.NUMBER:
            number = float(token.text) if any(c in token.text for c in ".eE") else int(token.text)
            return -number if negative else number
        return token.text

    def creation(self) -> Creation:
        made = Creation(name="", at=0)
        made.if_not_exists = self.take("IF", "NOT", "EXISTS")
        made.at = self.tokens[min(self.i, len(self.tokens) - 1)].start
        made.name = self.name()
        if self.take("("):
            keys: list[str] = []
            while True:
                self.definition(made, keys)
                if not self.take(","):
                    break
            self.need(")")
            for column in made.columns:
                if column.name.lower() in keys:
                    column.options.setdefault("dimension", 1)
        while self.i < len(self.tokens):
            self.table_option(made)
        return made

    def definition(self, made: Creation, keys: list[str]) -> None:
        if self.take("PRIMARY", "KEY"):
            keys.extend(self.names())
        elif self.word() in ("KEY", "INDEX", "UNIQUE", "CONSTRAINT", "FOREIGN", "CHECK"):
            raise self.wrong("An array has no keys beside its dimensions.")
        else:
            made.columns.append(self.column())

    def names(self) -> list[str]:
        self.need("(")
        found = [self.name().lower()]
        while self.take(","):
            found.append(self.name().lower())
        self.need(")")
        return found

    def column(self) -> Defined:
        at = self.tokens[min(self.i, len(self.tokens) - 1)].start
        name = self.name()
        made = Defined(name=name, at=at, type=self.name().upper(), options={})
        if made.type == "DOUBLE":
            self.take("PRECISION")
        if self.take("("):
            made.arguments = [self.value()]
            while self.take(","):
                made.arguments.append(self.value())
            self.need(")")
        while self.word() not in (",", ")", ""):
            self.column_option(made)
        return made

    def column_option(self, made: Defined) -> None:
        if self.take("UNSIGNED"):
            made.unsigned = True
        elif self.take("SIGNED"):
            pass
        elif self.take("NOT", "NULL"):
            made.nullable = False
        elif self.take("NULL"):
            made.nullable = True
        elif self.take("PRIMARY", "KEY"):
            made.options["dimension"] = 1
        elif self.take("CHARACTER", "SET") or self.word() in ("CHARSET", "COLLATE", "COMMENT", "DEFAULT"):
            if self.word() in ("CHARSET", "COLLATE", "COMMENT", "DEFAULT"):
                self.i += 1
            self.value()
        elif self.word().lower() in COLUMN_OPTIONS:
            option = self.name().lower()
            made.options[option] = self.value()
        else:
            raise self.wrong(f"There is no such option of a column; there are {', '.join(COLUMN_OPTIONS)}.")

    def table_option(self, made: Creation) -> None:
        self.take(",")
        word = self.word().lower()
        if word in IGNORED:
            self.i += 1
            if word not in ("default", "character"):
                self.value()
        elif word in TABLE_OPTIONS:
            self.i += 1
            made.options[word] = self.value()
        else:
            raise self.wrong(f"There is no such option of a table; there are {', '.join(TABLE_OPTIONS)}.")


def _words(token: Token) -> list[Token]:
    """A token of one word; sqlglot reads some words together, such as PRIMARY KEY."""
    if token.token_type in (TokenType.IDENTIFIER, TokenType.STRING) or " " not in token.text:
        return [token]
    words = token.text.split()
    return [Token(TokenType.VAR, word, token.line, token.col, token.start, token.end, []) for word in words]


def schema(made: Creation, text: str, context: "tiledb.Ctx") -> "tiledb.ArraySchema":
    """The schema of the array that was asked for. Raises SqlError."""
    import tiledb

    kind = str(made.options.get("array_type", "SPARSE")).upper()
    if kind not in ("SPARSE", "DENSE"):
        raise _problems.near(text, kind, "array_type is SPARSE or DENSE.")
    sparse = kind == "SPARSE"
    dimensions = [column for column in made.columns if column.dimension]
    attributes = [column for column in made.columns if not column.dimension]
    if not dimensions:
        raise _problems.at(text, made.at, "Say which columns are dimensions, with dimension=1 or PRIMARY KEY.")
    if not attributes:
        raise _problems.at(text, made.at, "An array has at least one column that is not a dimension.")
    seen = [column.name.lower() for column in made.columns]
    if len(set(seen)) != len(seen):
        raise _problems.at(text, made.at, "Two columns have the same name.")
    enums: list[Any] = []
    own = made.options.get("coordinate_filters")
    try:
        domain = tiledb.Domain(*[_dimension(column, text, own, sparse=sparse) for column in dimensions], ctx=context)
        made_attributes = [_attribute(column, text, enums, context) for column in attributes]
        capacity = int(made.options.get("capacity", 10_000))
        return tiledb.ArraySchema(
            domain=domain,
            attrs=made_attributes,
            sparse=sparse,
            cell_order=_order(made, "cell_order", text),
            tile_order=_order(made, "tile_order", text),
            capacity=capacity,
            offsets_filters=_filters(made.options.get("offset_filters"), text),
            validity_filters=_filters(made.options.get("validity_filters"), text),
            allows_duplicates=sparse and str(made.options.get("allows_duplicates", 0)).lower() in ("1", "true"),
            enums=enums,
            ctx=context,
        )
    except tiledb.TileDBError as error:
        raise _problems.at(text, made.at, f"No array can be made so: {_problems.told(error)}.") from None
    except (OverflowError, ValueError, TypeError) as error:
        raise _problems.at(text, made.at, f"No array can be made so: {str(error).rstrip('.')}.") from None


def _order(made: Creation, option: str, text: str) -> str:
    asked = str(made.options.get(option, "ROW_MAJOR")).upper().replace("-", "_")
    if asked not in ORDERS:
        raise _problems.near(text, asked, f"{option} is one of {', '.join(ORDERS)}.")
    return ORDERS[asked]


def _filters(asked: Any, text: str) -> Any:  # noqa: ANN401 - TileDB-Py has no types
    """Filters from `ZSTD=5,BYTESHUFFLE`: the number is a level, or a window in bytes."""
    import tiledb

    made: list[Any] = []
    for part in str(asked or "").split(","):
        name, _, level = (piece.strip() for piece in part.partition("="))
        name = name.upper()
        if name in ("", "NONE"):
            continue
        if name not in FILTERS:
            raise _problems.near(text, name, f"There is no filter {name}; there are {', '.join(FILTERS)}.")
        options: dict[str, int] = {}
        if level and name in LEVELLED:
            options = {"level": int(level)}
        elif level and name in WINDOWED:
            options = {"window": int(level)}
        made.append(getattr(tiledb, FILTERS[name])(**options))
    return tiledb.FilterList(made) if made else None


def _dtype(column: Defined, text: str) -> Any:  # noqa: ANN401 - what numpy or TileDB-Py takes for a type
    type_ = column.type
    if type_ in INTEGERS:
        return np.dtype(f"{'u' if column.unsigned else ''}int{INTEGERS[type_]}")
    if type_ in FLOATS:
        return np.dtype(FLOATS[type_])
    if type_ in ("BOOL", "BOOLEAN"):
        return np.dtype(bool)
    if type_ in TEXT:
        return "ascii" if column.dimension else np.dtype("U0")
    if type_ in BLOB:
        return "blob"
    if type_ in ("DATETIME", "TIMESTAMP"):
        digits = int(column.arguments[0]) if column.arguments else 6
        return np.dtype(f"M8[{'s' if digits == 0 else 'ms' if digits <= 3 else 'us'}]")
    if type_ in ("DATE", "YEAR", "TIME"):
        return np.dtype({"DATE": "M8[D]", "YEAR": "M8[Y]", "TIME": "m8[us]"}[type_])
    raise _problems.at(text, column.at, f"The type {type_} of `{column.name}` is not known for arrays.")


def _dimension(column: Defined, text: str, coordinate_filters: Any, *, sparse: bool) -> Any:  # noqa: ANN401 - TileDB-Py has no types
    import tiledb

    dtype: Any = _dtype(column, text)
    filters = _filters(column.options.get("filters", coordinate_filters), text)
    if isinstance(dtype, str) and column.type in TEXT:
        if not sparse:
            raise _problems.at(text, column.at, f"A dense array has no dimension of text, as `{column.name}` is.")
        dimension: Any = tiledb.Dim
        return dimension(name=column.name, domain=(None, None), tile=None, dtype=dtype, filters=filters)
    if isinstance(dtype, str) or dtype.kind in "bm" or (dtype.kind == "f" and not sparse):
        raise _problems.at(text, column.at, f"`{column.name}` cannot be a dimension, being {column.type}.")
    low, high, extent = (column.options.get(o) for o in ("lower_bound", "upper_bound", "tile_extent"))
    if not sparse and (low is None or high is None):
        raise _problems.at(
            text, column.at, f"Dense dimensions have bounds; give `{column.name}` lower_bound and upper_bound."
        )
    unit: Any = np.datetime_data(dtype)[0] if dtype.kind == "M" else ""
    ends = [_end(value, dtype, text, column) for value in (low, high)]
    width = int(extent) if extent is not None else None
    if dtype.kind == "f":
        info = np.finfo(dtype)
        ends = [info.min if ends[0] is None else ends[0], info.max if ends[1] is None else ends[1]]
        return tiledb.Dim(name=column.name, domain=tuple(ends), tile=extent, dtype=dtype, filters=filters)
    if unit:
        least, most = -(2**61), 2**61
    else:
        info = np.iinfo(dtype)
        least, most = int(info.min), int(info.max)
    first = least if ends[0] is None else ends[0]
    last = most if ends[1] is None else ends[1]
    if first > last:
        raise _problems.at(text, column.at, f"The lower_bound of `{column.name}` is over its upper_bound.")
    width = width or min(EXTENT, max(1, last - first), most)
    if ends[1] is None:
        last -= width  # tiles are whole, and end before the type does
    if unit:
        domain = (np.datetime64(first, unit), np.datetime64(last, unit))
        return tiledb.Dim(
            name=column.name, domain=domain, tile=np.timedelta64(width, unit), dtype=dtype, filters=filters
        )
    return tiledb.Dim(name=column.name, domain=(first, last), tile=width, dtype=dtype, filters=filters)


def _end(value: Any, dtype: Any, text: str, column: Defined) -> Any:  # noqa: ANN401 - a bound of any type
    if value is None:
        return None
    try:
        if dtype.kind == "M":
            unit: Any = np.datetime_data(dtype)[0]
            if isinstance(value, int):
                return value - 1970 if unit == "Y" else value
            return int(np.datetime64(str(value).strip(), unit).astype(np.int64))
        return float(value) if dtype.kind == "f" else int(value)
    except (ValueError, TypeError):
        raise _problems.at(text, column.at, f"{value!r} is no bound for `{column.name}`.") from None


def _attribute(column: Defined, text: str, enums: list[Any], context: "tiledb.Ctx") -> Any:  # noqa: ANN401
    import tiledb

    filters = _filters(column.options.get("filters"), text)
    if column.type == "ENUM":
        labels = [str(label) for label in column.arguments]
        if not labels:
            raise _problems.at(text, column.at, f"The ENUM `{column.name}` has no labels.")
        enums.append(tiledb.Enumeration(name=column.name, ordered=True, values=labels, ctx=context))
        code: Any = next(code for size, code in ENUM_CODES.items() if len(labels) < size)
        return tiledb.Attr(
            name=column.name, dtype=code, nullable=column.nullable, filters=filters, enum_label=column.name, ctx=context
        )
    dtype: Any = _dtype(column, text)
    var = isinstance(dtype, str) or dtype.kind == "U"
    attribute: Any = tiledb.Attr
    return attribute(name=column.name, dtype=dtype, var=var, nullable=column.nullable, filters=filters, ctx=context)


def mysql_type(column: Column) -> str:
    """The type that MySQL's users see (MyTile's own table of types)."""
    if column.family == "label":
        labels = [] if column.labels is None else column.labels.to_pylist()
        texts = ["'" + str(label).replace("'", "''") + "'" for label in labels]
        return f"enum({','.join(texts)})"
    if column.family == "number":
        name = {"int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint"}.get(
            column.dtype.name.lstrip("u"), ""
        )
        floating = {"float32": "float", "float64": "double"}.get(column.dtype.name)
        return floating or name + (" unsigned" if column.dtype.kind == "u" else "")
    if column.family == "date":
        if column.unit == "Y":
            return "year"
        digits = {"ms": "(3)", "us": "(6)", "ns": "(6)", "ps": "(6)", "fs": "(6)", "as": "(6)"}.get(column.unit, "")
        return "date" if column.unit in ("M", "W", "D") else f"datetime{digits or '(0)'}"
    return {"bool": "boolean", "text": "text", "time": "time"}.get(column.family, "blob")


def show(array: "tiledb.Array", columns: Sequence[Column], uri: str) -> str:
    """The CREATE TABLE that would make this array."""
    made = array.schema
    lines: list[str] = []
    for i, column in enumerate(columns):
        options = _dimension_options(made.domain.dim(i)) if column.dimension else ""
        filters = made.domain.dim(i).filters if column.dimension else made.attr(column.stored).filters
        if told := _told(filters):
            options += f" `filters`='{told}'"
        null = "" if column.nullable else " NOT NULL"
        lines.append(f"  `{column.name}` {mysql_type(column)}{null}{options}")
    names = ",".join(f"`{column.name}`" for column in columns if column.dimension)
    lines.append(f"  PRIMARY KEY ({names})")
    told = {
        "uri": uri,
        "array_type": "SPARSE" if made.sparse else "DENSE",
        "capacity": made.capacity,
        "cell_order": made.cell_order.upper().replace("-", "_"),
        "tile_order": made.tile_order.upper().replace("-", "_"),
        "offset_filters": _told(made.offsets_filters),
        "validity_filters": _told(made.validity_filters),
        "allows_duplicates": int(made.sparse and made.allows_duplicates),
    }
    options = " ".join(f"`{key}`={_quoted(value)}" for key, value in told.items() if value not in ("", None))
    return f"CREATE TABLE `{uri}` (\n" + ",\n".join(lines) + f"\n) ENGINE=MyTile {options}"


def _quoted(value: Any) -> str:  # noqa: ANN401 - an option of any type
    return str(value) if isinstance(value, int) else f"'{value}'"


def _dimension_options(dimension: Any) -> str:  # noqa: ANN401 - TileDB-Py has no types
    told = " dimension=1"
    if dimension.dtype.kind in "SU":
        return told
    low, high = dimension.domain
    tile = dimension.tile
    if isinstance(tile, np.timedelta64):
        tile = int(tile.astype(np.int64))
    return f"{told} lower_bound='{low}' upper_bound='{high}'" + (f" tile_extent='{tile}'" if tile else "")


def _told(filters: Any) -> str:  # noqa: ANN401 - TileDB-Py has no types
    names = {value: key for key, value in FILTERS.items()}
    found: list[str] = []
    for one in filters or []:
        name = names.get(type(one).__name__)
        level = getattr(one, "level", None) if name in LEVELLED else getattr(one, "window", None)
        if name:
            found.append(name if level in (None, -1) else f"{name}={level}")
    return ",".join(found)
