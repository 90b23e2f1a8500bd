"""Serves the console while a command runs, and prints where it is."""

import contextlib
from collections.abc import Callable, Iterator

from local.console.console_data import ConsoleData, DataError
from local.console.security import Access
from local.console.server import serving

Say = Callable[[str], None]


@contextlib.contextmanager
def console_shown(data: ConsoleData, port: int, say: Say) -> Iterator[str]:
    """Serves the console inside the block, which gets its link, after it was printed. Where it can't be served, the
    block runs without it, with an empty link, after a sentence.
    """
    link = ""
    with contextlib.ExitStack() as stack:
        try:
            access = stack.enter_context(serving(data, port))
        except DataError as error:
            say(f"no console: {error}")
        else:
            link = access.link
            for line in lines_about(access, port):
                say(line)
        yield link


def lines_about(access: Access, port: int) -> Iterator[str]:
    """Where the console is."""
    if port not in {0, access.port}:
        yield f"port {port} is taken; the console has port {access.port}"
    yield f"console: {access.link}"
