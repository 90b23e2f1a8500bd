"""The option that chooses the port of the console."""

from typing import Annotated

import typer

from local.terminal.numbers import LAST_PORT

PORT = 8_740
ConsolePort = Annotated[
    int,
    typer.Option(
        min=0,
        max=LAST_PORT,
        metavar="PORT",
        help=f"port of the console on 127.0.0.1 (default {PORT}); the next free one where it is taken, any for 0",
    ),
]
