"""Messages on stderr: what is wrong, in one sentence with the next step."""

import sys
from collections.abc import Iterable
from difflib import get_close_matches

import typer

FAILED = 1
"""The exit code of a command that failed."""


class MisuseError(typer.BadParameter):
    """Arguments that do not fit together; the message says what to give instead."""

    def format_message(self) -> str:
        """The message alone: there is no single argument to name."""
        return self.message


def complain(message: object) -> int:
    """Prints a message on stderr, on one line and without control characters; returns the exit code 1."""
    print(f"flowsentry: {in_one_line(message).rstrip()}", file=sys.stderr)
    return FAILED


def remark(message: object) -> None:
    """Prints on stderr what is no error, such as a summary: on one line and without control characters."""
    print(in_one_line(message), file=sys.stderr)


def in_one_line(text: object) -> str:
    """The text with a space for each character that is not printable: names of files and tags may have such."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def nearest(text: str, names: Iterable[str]) -> str:
    """`; did you mean replay?` of the name that is most like the text; nothing where none is."""
    matches = get_close_matches(text, names, n=1)
    return f"; did you mean {matches[0]}?" if matches else ""


def sentence_of(error: typer.TyperException) -> str:
    """What is wrong with the arguments, and how to find what is right."""
    message = error.format_message().rstrip(".")
    possibilities = getattr(error, "possibilities", None)
    if possibilities:
        message = f"no such option: {getattr(error, 'option_name', '')}; did you mean {' or '.join(possibilities)}?"
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "flowsentry"
    return f"{message[:1].lower()}{message[1:]} (see {command} --help)"
