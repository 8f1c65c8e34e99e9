"""Forms with one file."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from headrace.api.forms import Form
from headrace.errors import Malformed

TYPE = "multipart/form-data; boundary=b"
LINES = st.sampled_from(
    [
        b"--b",
        b"--b--",
        b"\r\n",
        b"\n",
        b"\r",
        b"--",
        b'Content-Disposition: form-data; name="',
        b"file",
        b'"',
        b": ",
        b"x",
    ]
)


def read(type_: str, pieces: list[bytes]) -> tuple[dict[str, str], str, bytes]:
    """The fields, the file's name and its bytes."""

    async def coming():
        for piece in pieces:
            yield piece

    async def go():
        form = Form(type_, coming())
        fields = await form.read_fields()
        data = b"".join([piece async for piece in form.read_file()])
        return fields, form.filename, data

    return asyncio.run(go())


def form(fields: dict[str, bytes], data: bytes) -> bytes:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (n.encode(), v) for n, v in fields.items()
    ]
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xc3\xa9 f"\r\n\r\n'
    return b"".join([*parts, head, data, b"\r\n--b--\r\n"])


def cut(body: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(body[at : at + size])
        at += size
    return [*pieces, body[at:]]


@given(st.binary(max_size=200).filter(lambda data: b"\r\n--b" not in data), st.lists(st.integers(0, 60), max_size=20))
@example(b"\r\n--", [])
@example(b"\r\n-\r\n--\r\n", [1] * 300)
@example(b"--b--\r\n", [1] * 300)
def test_a_form_is_read_as_it_was_written_however_it_is_cut(data, sizes):
    pieces = cut(form({"key": "fd://é".encode(), "empty": b""}, data), sizes)
    assert read(TYPE, pieces) == ({"key": "fd://é", "empty": ""}, "é f", data)


@given(st.lists(LINES, max_size=40), st.lists(st.integers(1, 9), max_size=40))
def test_what_looks_like_a_form_is_read_or_refused(lines, sizes):
    try:
        read(TYPE, cut(b"".join(lines), sizes))
    except Malformed as refused:
        assert refused.message.endswith(".")  # noqa: PT017 - either is right


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.binary(max_size=100))
def test_whatever_is_sent_as_a_form_is_read_or_refused(type_, body):
    for kind in (type_, f"multipart/form-data; boundary={type_}"):
        try:
            read(kind, [body])
        except Malformed as refused:
            assert refused.message.endswith(".")  # noqa: PT017


def test_parts_after_the_file_are_not_read():
    after = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nanother\r\n--b--\r\n'
    body = form({"key": b"one"}, b"data").replace(b"--b--\r\n", after)
    assert read(TYPE, [body]) == ({"key": "one"}, "é f", b"data")
    second = after.replace(b'name="key"', b'name="file"')
    assert read(TYPE, [form({}, b"data").replace(b"--b--\r\n", second)])[2] == b"data"
