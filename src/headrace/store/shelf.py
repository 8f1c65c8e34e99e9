"""A part of the store for those who cannot reach it: objects beneath one prefix, over a socket (`model/shelf.py`)."""

import asyncio
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections import OrderedDict
from collections.abc import AsyncIterator
from itertools import islice

import msgspec

from headrace.errors import Forbidden, HeadraceError, NotFound
from headrace.model import shelf
from headrace.model.shelf import Answer, Listing, Read, Remove, Request, Stat, Write
from headrace.store.blobs import Blob, Blobs

KNOWN = 1000  # objects that one socket remembers; those of a DuckLake are written once
MOST_NAMES = 10_000  # in one answer


class _BrokenOffError(Exception):
    """The store failed in the middle of an object: the connection is to be closed."""


class Shelf:
    """What is beneath one prefix, for all who come through one door."""

    def __init__(self, blobs: Blobs, prefix: str, *, writable: bool) -> None:
        self._blobs, self._prefix, self._writable = blobs, prefix, writable
        self._known: OrderedDict[str, Blob] = OrderedDict()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request after another until the socket is closed."""
        while message := await _message(reader):
            try:
                request = shelf.decode_request(message)
            except msgspec.DecodeError:
                return
            try:
                await self._answer(request, reader, writer)
            except NotFound as missing:
                writer.write(shelf.encode(Answer(problem=missing.message, missing=True)))
            except HeadraceError as wrong:
                writer.write(shelf.encode(Answer(problem=wrong.message)))
                if isinstance(request, Write):  # whose bytes may be under way
                    return
            except _BrokenOffError:
                return
            await writer.drain()

    async def _answer(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        if isinstance(request, Write | Remove) and not self._writable:
            raise Forbidden("This schema may be read here, and not written.")
        match request:
            case Stat(key):
                blob = await self._find(key, fresh=True)
                writer.write(shelf.encode(Answer(size=blob.size, modified=blob.modified.timestamp())))
            case Read(key, start, length):
                blob = await self._find(key)
                first = min(max(start, 0), blob.size)
                last = min(first + max(length, 0), blob.size)
                await self._send(self._blobs.read(blob, first, last), last - first, writer)
            case Listing(prefix):
                writer.write(shelf.encode(Answer(names=await asyncio.to_thread(self._names, prefix))))
            case Remove(key):
                self._known.pop(key, None)
                await asyncio.to_thread(self._blobs.delete, f"{self._prefix}/{key}")
                writer.write(shelf.encode(Answer()))
            case Write(key):
                self._known.pop(key, None)
                await self._blobs.write(f"{self._prefix}/{key}", _pieces(reader))
                writer.write(shelf.encode(Answer()))

    async def _send(self, pieces: AsyncIterator[bytes], size: int, writer: StreamWriter) -> None:
        """Send the bytes of a range. What goes wrong before the first of them is raised as it is."""
        piece = await anext(pieces, b"")
        writer.write(shelf.encode(Answer(size=size)))
        try:
            while piece:
                writer.write(piece)
                await writer.drain()
                piece = await anext(pieces, b"")
        except HeadraceError as wrong:  # whatever is said now would be taken for bytes of the object
            raise _BrokenOffError from wrong

    def _names(self, prefix: str) -> list[str]:
        found = self._blobs.scan(f"{self._prefix}/{prefix}".rstrip("/"))
        return [blob.key.removeprefix(f"{self._prefix}/") for blob in islice(found, MOST_NAMES)]

    async def _find(self, key: str, *, fresh: bool = False) -> Blob:
        blob = None if fresh else self._known.get(key)
        if blob is None:
            blob = self._known[key] = await self._blobs.find(f"{self._prefix}/{key}")
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return blob


async def _message(reader: StreamReader) -> bytes:
    """The next message; empty where there is none, or one that is too long."""
    try:
        size = int.from_bytes(await reader.readexactly(shelf.LENGTH), "big")
        return await reader.readexactly(size) if size <= shelf.MESSAGE else b""
    except (IncompleteReadError, ConnectionError):
        return b""


async def _pieces(reader: StreamReader) -> AsyncIterator[bytes]:
    """The bytes of an object, up to the empty message. Raises IncompleteReadError where the worker is gone."""
    while size := int.from_bytes(await reader.readexactly(shelf.LENGTH), "big"):
        if size > shelf.MESSAGE:
            raise IncompleteReadError(b"", size)
        yield await reader.readexactly(size)
