"""The MySQL dialect of statements over arrays, as far as DuckDB is to answer them.

Values for `?` and `@variables` are put in as tokens before anything is parsed: in the order of the text, and never as
text. What sqlglot makes differently from MySQL is put right here.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from headrace.engines import _problems

MAX_PARAMETERS = 65_535  # of a statement, as in MySQL's own protocol
# MySQL counts bytes in these names, and sqlglot takes them for other dialects' bits.
WIDTHS = {"INT1": TokenType.TINYINT, "INT2": TokenType.SMALLINT, "INT3": TokenType.MEDIUMINT} | {
    "INT4": TokenType.INT,
    "INT8": TokenType.BIGINT,
}
CLAUSES = {
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "WINDOW",
    "INTO",
    "FOR",
}

# What DuckDB has under no name, or does otherwise under the same one. Each is made where a statement calls it.
MACROS = {
    "bin": "(x) AS to_base(x::BIGINT, 2)",
    "conv": "(x, f, t) AS to_base(CASE WHEN f = 10 THEN x::BIGINT WHEN f = 16 THEN ('0x' || x)::BIGINT "
    "WHEN f = 2 THEN ('0b' || x)::BIGINT END, t)",
    "dayname": "(d) AS strftime(d::TIMESTAMP, '%A')",
    "elt": "(n, a, b := NULL, c := NULL, d := NULL, e := NULL) AS list_extract([a, b, c, d, e], n)",
    "field": "(x, a, b := NULL, c := NULL, d := NULL, e := NULL, f := NULL) AS "
    "coalesce(list_position([a, b, c, d, e, f], x), 0)",
    "find_in_set": "(x, y) AS coalesce(list_position(string_split(y, ','), x), 0)",
    "from_days": "(n) AS (DATE '0001-01-01' + (n - 366)::INTEGER)",
    "makedate": "(y, n) AS make_date(y::BIGINT, 1, 1) + (n - 1)::INTEGER",
    "maketime": "(h, m, s) AS make_time(h::BIGINT, m::BIGINT, s::DOUBLE)",
    "mid": "(x, a, b) AS substring(x, a, b)",
    "monthname": "(d) AS strftime(d::TIMESTAMP, '%B')",
    "sec_to_time": "(s) AS TIME '00:00:00' + to_seconds(s)",
    "strcmp": "(a, b) AS CASE WHEN a = b THEN 0 WHEN a < b THEN -1 WHEN a > b THEN 1 END",
    "substring_index": "(x, d, n) AS CASE WHEN n >= 0 THEN array_to_string(list_slice(string_split(x, d), 1, n), d) "
    "ELSE array_to_string(list_slice(string_split(x, d), n, -1), d) END",
    "time_to_sec": "(t) AS epoch(t::TIME)::BIGINT",
    "unix_timestamp": "(d := now()) AS epoch(d::TIMESTAMP)::BIGINT",
    "weekday": "(d) AS isodow(d::DATE) - 1",
    "yearweek": "(d) AS strftime(d::DATE, '%Y%U')::INTEGER",
}

NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+")
ZONED = (exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ)
DIALECT = Dialect.get_or_raise("mysql")


def split(text: str) -> list[list[Token]]:
    """The tokens of each statement of a text. Raises SqlError."""
    try:
        tokens = DIALECT.tokenize(text)
    except SqlglotError as error:
        raise _problems.SqlError(f"The statement cannot be read: {str(error).partition(chr(10))[0]}.") from None
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def slots(tokens: Sequence[Token]) -> int:
    """How many values a statement asks for."""
    return sum(token.token_type is TokenType.PLACEHOLDER for token in tokens)


def bind(text: str, tokens: Sequence[Token], parameters: Sequence[Any], variables: Mapping[str, Any]) -> list[Token]:
    """The tokens with values for every `?` and `@variable`. Raises SqlError."""
    if len(parameters) > MAX_PARAMETERS:
        raise _problems.SqlError(f"A statement takes at most {MAX_PARAMETERS:,} parameters.")
    if (asked := slots(tokens)) != len(parameters):
        raise _problems.SqlError(f"The statement has {asked} `?` and was given {len(parameters)} parameters.")
    values = iter(parameters)
    made: list[Token] = []
    i = 0
    while i < len(tokens):
        here = tokens[i]
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if here.token_type is TokenType.PLACEHOLDER:
            made.extend(_literal(next(values), here))
        elif here.token_type is TokenType.PARAMETER and following is not None:
            if following.token_type is TokenType.PARAMETER:
                raise _problems.at(text, here.start, "System variables (@@) are not for statements here.")
            made.extend(_literal(variables.get(following.text.lower()), here))
            i += 1
        elif here.token_type is TokenType.SESSION_PARAMETER:
            raise _problems.at(text, here.start, "System variables (@@) are not for statements here.")
        elif (width := WIDTHS.get(here.text.upper())) and here.token_type is not TokenType.IDENTIFIER:
            made.append(token(width, here.text, here))
        else:
            made.append(here)
        i += 1
    return made


def _literal(value: Any, at: Token) -> Iterator[Token]:  # noqa: ANN401 - any value of JSON
    if value is None:
        yield token(TokenType.NULL, "NULL", at)
    elif isinstance(value, bool):
        yield token(TokenType.TRUE if value else TokenType.FALSE, str(value).upper(), at)
    elif isinstance(value, int | float | Decimal):
        if not math.isfinite(value):
            raise _problems.SqlError(f"A parameter is {value}, which is no number of SQL.")
        negative = value < 0
        if negative:
            yield token(TokenType.L_PAREN, "(", at)
            yield token(TokenType.DASH, "-", at)
        yield token(TokenType.NUMBER, double(str(abs(value))) if isinstance(value, float) else str(abs(value)), at)
        if negative:
            yield token(TokenType.R_PAREN, ")", at)
    else:
        if isinstance(value, date | datetime):
            value = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        yield token(TokenType.STRING, value if isinstance(value, str) else json.dumps(value, default=str), at)


def token(type_: TokenType, text: str, at: Token) -> Token:
    """A token at the place of another."""
    return Token(type_, text, at.line, at.col, at.start, at.end, [])


def parse(text: str, tokens: list[Token], dialect: Dialect = DIALECT) -> exp.Expr:
    """The tree of one statement. Raises SqlError."""
    try:
        trees = dialect.parser().parse(tokens, text)
    except ParseError as error:
        raise _problems.of_parser(error, text) from None
    except SqlglotError as error:
        raise _problems.SqlError(f"The statement cannot be read: {error}.") from None
    except RecursionError:
        raise _problems.SqlError("The statement nests too deep; write it in parts, with WITH.") from None
    tree = trees[0] if trees else None
    if tree is None:
        raise _problems.SqlError("The statement is empty.")
    if isinstance(tree, exp.Command):
        raise _problems.at(text, tokens[0].start, f"The statement {tokens[0].text.upper()} is not known here.")
    return tree


def printed(tree: exp.Expr) -> str:
    """The tree as DuckDB reads it. Raises SqlError."""
    try:
        return tree.sql("duckdb", comments=False)
    except RecursionError:
        raise _problems.SqlError("The statement nests too deep; write it in parts, with WITH.") from None
    except SqlglotError as error:
        raise _problems.SqlError(f"The statement cannot be read: {error}.") from None


def name_columns(text: str, tokens: Sequence[Token], tree: exp.Expr) -> None:
    """Give columns that are expressions the text of the expression for a name, as MySQL does."""
    selects = tree.selects if isinstance(tree, exp.Query) else []
    first = tree
    while isinstance(first, exp.SetOperation):
        first = first.left
    if not isinstance(first, exp.Select):
        return
    written = list(_select_list(tokens))
    if len(written) != len(selects):
        return
    for (start, end), selected in zip(written, list(first.expressions), strict=True):
        if isinstance(selected, exp.Alias | exp.Column | exp.Star):
            continue
        name = text[tokens[start].start : tokens[end].end + 1]
        if isinstance(selected, exp.Literal) and selected.is_string:
            name = selected.name
        selected.replace(exp.alias_(selected.copy(), exp.to_identifier(name[:200] or "?", quoted=True)))


def _select_list(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The first and last token of each thing that the outermost SELECT selects."""
    depth, start, last = 0, -1, -1
    for i, token in enumerate(tokens):
        word = token.text.upper()
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
        if start < 0:
            if depth == 0 and token.token_type is TokenType.SELECT:
                start = i + 1
                if start < len(tokens) and tokens[start].token_type in (TokenType.DISTINCT, TokenType.ALL):
                    start += 1
            continue
        if i < start:
            continue
        if depth == 0 and token.token_type not in (TokenType.IDENTIFIER, TokenType.STRING) and word in CLAUSES:
            break
        if depth == 0 and token.token_type is TokenType.COMMA:
            yield start, i - 1
            start = i + 1
        last = i
    if 0 <= start <= last:
        yield start, last


def macros(tree: exp.Expr) -> list[str]:
    """The statements that make what the tree calls and DuckDB does not have."""
    names = {node.name.lower() for node in tree.find_all(exp.Anonymous)}
    names |= {node.sql_name().lower() for node in tree.find_all(exp.Func) if not isinstance(node, exp.Anonymous)}
    return [f"CREATE OR REPLACE TEMP MACRO {name}{MACROS[name]}" for name in sorted(names & MACROS.keys())]


def put_right(tree: exp.Expr) -> None:
    """What MySQL does without being told: text beside a number is read as a number, and no time has a zone."""
    for type_ in tree.find_all(exp.DataType):
        if type_.this in ZONED:
            type_.set("this", exp.DataType.Type.TIMESTAMP)
    for now in list(tree.find_all(exp.CurrentTimestamp, exp.UtcTimestamp, exp.Anonymous)):
        if not isinstance(now, exp.Anonymous) or now.name.upper() in ("NOW", "SYSDATE", "LOCALTIME", "LOCALTIMESTAMP"):
            now.replace(exp.cast(exp.CurrentTimestamp(), exp.DataType.Type.TIMESTAMP))
    for node in list(tree.find_all(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg)):
        for part in (node.this, node.args.get("expression")):
            if isinstance(part, exp.Literal) and part.is_string and NUMBER.fullmatch(part.this.strip()):
                part.replace(exp.Literal.number(double(part.this.strip())))


def double(text: str) -> str:
    """A number as DuckDB writes one of floating point; without an exponent it would be a decimal."""
    return text if "e" in text.lower() else f"{text}e0"
