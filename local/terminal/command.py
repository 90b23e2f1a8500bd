"""A command of the command line: its options as a dataclass, its examples and its exit codes."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from inspect import Parameter, Signature
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import typer.main
from rich.markup import escape

from local.terminal.click_classes import Group, Single
from local.terminal.debugging import Debug

SUCCEEDED = "success"
MISUSED = "the arguments are wrong; nothing was done"
INTERRUPTED = "stopped by Ctrl-C"
HELP_COLUMNS = 76
"""Of examples and exit codes in --help, which Rich indents by one, on a terminal of 80."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes. Options of a command extend it; each field is annotated with a Typer option or
    argument, and its default is what the command gets where the option is not given.
    """

    debug: Debug = False


NOT_GIVEN: tuple[object, ...] = (None, [], ())
"""What Typer passes for an option that is not given: of lists, an empty one."""
Given = TypeVar("Given", bound=Options)


@dataclass(frozen=True, kw_only=True)
class Command(Generic[Given]):
    """`run` returns the exit code. `fails_when` is the meaning of exit code 1; `output` is the shape of --json."""

    options: type[Given]
    run: Callable[[Given], int]
    description: str
    examples: Sequence[str]
    fails_when: str
    succeeds_when: str = SUCCEEDED
    output: str = ""

    @property
    def exit_codes(self) -> Mapping[int, str]:
        """Meaning by exit code."""
        return {0: self.succeeds_when, 1: self.fails_when, 2: MISUSED, 130: INTERRUPTED}

    def built(self, name: str) -> Single:
        """The command of Typer."""
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(name, cls=Single, help=escape(self.description), epilog=self._epilog())(self._callback())
        command = typer.main.get_command(app)
        if not isinstance(command, Single):
            raise TypeError(f"{name} is a group of commands")
        return command

    def _callback(self) -> Callable[..., int]:
        """A function with the options as parameters. Only what is given reaches `options`, whose defaults are the
        dataclass's.
        """

        def callback(**given: Any) -> int:
            return self.run(self.options(**{name: value for name, value in given.items() if value not in NOT_GIVEN}))

        hints = get_type_hints(self.options, include_extras=True)
        own_first = sorted(fields(self.options), key=lambda field: field.name == "debug")
        parameters = [_parameter(field, hints[field.name]) for field in own_first]
        callback.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return callback

    def _epilog(self) -> str:
        codes = [_code(*each) for each in self.exit_codes.items()]
        return escape("\n".join(("Examples:", *(f"  {each}" for each in self.examples), "", "Exit codes:", *codes)))


@dataclass(frozen=True, kw_only=True)
class CommandGroup:
    """A command with commands of its own."""

    description: str
    commands: Mapping[str, Command[Any]]

    def built(self, name: str) -> Group:
        """The group of Typer."""
        commands: dict[str, Any] = {each: command.built(each) for each, command in self.commands.items()}
        return Group(name=name, help=escape(self.description), commands=commands)


def _code(code: int, meaning: str) -> str:
    """A line, or several, that fit 80 columns."""
    return textwrap.fill(meaning, HELP_COLUMNS, initial_indent=f"  {code:<5}", subsequent_indent=" " * 7)


def _parameter(field: "Field[Any]", hint: Any) -> Parameter:
    """The parameter of a field, whose default is None: not given."""
    is_required = field.default is MISSING and field.default_factory is MISSING
    default = Parameter.empty if is_required else False if get_args(hint)[0] is bool else None
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
