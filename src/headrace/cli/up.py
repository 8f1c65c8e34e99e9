"""`headrace up`: everything in one process tree, in the foreground."""

import os
import socket
from pathlib import Path

import click
import msgspec

from headrace import settings as table
from headrace.errors import Unavailable
from headrace.settings import Settings


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The folder that holds everything this server keeps.")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.")
def up(home: Path | None, host: str | None, port: int | None) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what runs and stop within 10 seconds."""
    from headrace.server import serve

    settings = table.load(os.environ, home=home and str(home), host=host, port=port)
    listener = listen(settings)
    serve(msgspec.structs.replace(settings, port=listener.getsockname()[1]), listener)


def listen(settings: Settings) -> socket.socket:
    """A socket at the address of the settings. Raises Unavailable with what is in the way."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as taken:
        raise Unavailable(
            f"{settings.host}:{settings.port} cannot be listened on ({taken.strerror}). "
            "Another server may run there; `headrace up --port 0` takes a free port."
        ) from taken
    return listener
