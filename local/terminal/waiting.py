"""What a command waits for, and for how long, on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local.terminal.complaints import in_one_line
from local.terminal.screen import is_interactive, screen


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Shows `what`, and the seconds, on stderr until it is done; nothing unless that is a terminal. Print on stdout
    only afterwards.
    """
    console = screen(is_of_errors=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    is_hidden = not is_interactive(console)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=is_hidden) as progress:
        progress.add_task(in_one_line(what), total=None)
        yield
