"""The floor: Starlette and a bare resident process over a socket pair. No fence, no account, no record of anything."""

import asyncio
import json
import os
import socket

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


def rows(n: int) -> list[dict]:
    return [{"i": i, "v": n * i, "s": "row"} for i in range(10)]


def frame(n: int) -> list[dict]:
    import pandas as pd

    return pd.DataFrame({"i": range(10), "v": [n * i for i in range(10)], "s": ["row"] * 10}).to_dict("records")


def resident(channel: socket.socket) -> None:
    while message := channel.recv(65536):
        name, n = json.loads(message)
        channel.send(json.dumps(globals()[name](n)).encode())


class Worker:
    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self.channel.close()
            resident(theirs)
            os._exit(0)
        theirs.close()
        self.channel.setblocking(False)


WORKERS = [Worker() for _ in range(2)]
FREE: asyncio.Queue | None = None


async def call(request):
    global FREE
    if FREE is None:
        FREE = asyncio.Queue()
        for worker in WORKERS:
            FREE.put_nowait(worker)
    worker = await FREE.get()
    try:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(
            worker.channel, json.dumps([request.path_params["name"], int(request.query_params["n"])]).encode()
        )
        answer = await loop.sock_recv(worker.channel, 65536)
    finally:
        FREE.put_nowait(worker)
    return Response(answer, media_type="application/json")


BYTES = json.dumps(rows(3)).encode()


async def same_bytes(request):
    return Response(BYTES, media_type="application/json")


async def healthy(request):
    return Response(b"ok")


app = Starlette(routes=[Route("/health", healthy), Route("/bytes", same_bytes), Route("/{name}", call)])
