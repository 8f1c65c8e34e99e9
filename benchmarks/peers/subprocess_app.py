"""A server that starts an interpreter per call, as single-user tools do."""

import asyncio
import sys

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def run(request):
    code = (await request.body()).decode() + "\nprint(udf(1))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return Response(out, status_code=200 if process.returncode == 0 else 500)


async def healthy(request):
    return Response(b"ok")


app = Starlette(routes=[Route("/run", run, methods=["POST"]), Route("/health", healthy)])
