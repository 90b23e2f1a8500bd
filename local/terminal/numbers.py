"""Whole numbers in options and arguments."""

from collections.abc import Callable

import typer

LAST_PORT = 65_535


def whole_number(what: str, least: int, most: int | None = None) -> Callable[[str], int]:
    """A parser of numbers within bounds, for Typer. It raises BadParameter for a text that is not `what`: `a port`."""
    allowed = f"{least} or more" if most is None else f"{least} to {most}"

    def parsed(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) and (most is None or int(text) <= most)):
            raise typer.BadParameter(f"{text!r} is not {what}; use {allowed}")
        return int(text)

    return parsed


port_number = whole_number("a port", 0, LAST_PORT)
"""A parser of TCP and UDP ports, and of types of ICMP."""
