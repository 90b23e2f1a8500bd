"""Serves the console on 127.0.0.1, in a thread of the command: it ends with the command at the latest."""

import contextlib
import errno
import logging
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from local.console.application import application
from local.console.console_data import ConsoleData, DataError
from local.console.port import PORT
from local.console.security import Access
from local.terminal.numbers import LAST_PORT

ADDRESS = "127.0.0.1"
PORTS_TRIED = 20
"""Ports that are tried, from the wanted one. More: another program has hundreds. Fewer: a few demos at once fail."""
MAX_CONNECTIONS = 64
START_SECONDS = 10
STOP_SECONDS = 5


@contextlib.contextmanager
def serving(data: ConsoleData, port: int = PORT) -> Iterator[Access]:
    """The access to a running console, on the wanted port or, where that is taken, the next free one; 0 is any port.
    Leaving the block stops it. Raises DataError when no port is free or the server does not start.
    """
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # any web page can send requests that it warns of
    with _listening(port) as listener:
        access = Access(listener.getsockname()[1])
        server = uvicorn.Server(
            uvicorn.Config(
                application(data, access),
                log_config=None,
                lifespan="off",
                ws="none",
                access_log=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="console", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield access
        finally:
            server.should_exit = True
            thread.join(timeout=STOP_SECONDS)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise DataError("the console did not start; use --no-console to go on without it")
        time.sleep(0.01)


def _listening(port: int) -> socket.socket:
    last = min(port + PORTS_TRIED - 1, LAST_PORT)
    for number in range(port, last + 1) if port else (0,):
        with contextlib.suppress(_TakenError):
            return _bound(number)
    raise DataError(f"no port from {port} to {last} is free; choose another with --console-port")


class _TakenError(Exception):
    """Another program listens on the port."""


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise _TakenError from error
        raise DataError(f"the console cannot listen on {ADDRESS}:{port}: {error.strerror}") from error
    return listener
