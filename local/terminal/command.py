"""A command of the command line: its options as a dataclass, its examples and its exit codes."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from inspect import Parameter, Signature
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import typer
import typer.core
import typer.main
from rich.markup import escape

from local.terminal.debugging import Debug

SUCCEEDED = "success"
MISUSED = "the arguments are wrong; nothing was done"
INTERRUPTED = "stopped by Ctrl-C"


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

    def built(self, name: str) -> typer.core.TyperCommand:
        """The command of Typer."""
        app = _app()
        app.command(name, cls=_WithNegativeNumbers, help=escape(self.description), epilog=self._epilog())(
            self._callback()
        )
        command = typer.main.get_command(app)
        assert isinstance(command, typer.core.TyperCommand)  # noqa: S101 - for the type checker: it has one command
        return command

    def _callback(self) -> Callable[..., int]:
        """A function with the options as parameters. Only what is given reaches `options`, whose defaults are the
        dataclass's.
        """

        def callback(**given: Any) -> int:
            return self.run(self.options(**{name: value for name, value in given.items() if value not in NOT_GIVEN}))

        hints = get_type_hints(self.options, include_extras=True)
        parameters = [_parameter(field, hints[field.name]) for field in fields(self.options)]
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

    def built(self, name: str) -> typer.core.TyperGroup:
        """The group of Typer."""
        return typer.core.TyperGroup(
            name=name,
            help=escape(self.description),
            commands={each: command.built(each) for each, command in self.commands.items()},
        )


class _WithNegativeNumbers(typer.core.TyperCommand):
    """Takes `-1` for a number, which Click takes for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Click does, except that options it does not know are arguments where one is a negative number."""
        ctx.ignore_unknown_options = any(each.startswith("-") and each[1:].isdecimal() for each in args)
        return super().parse_args(ctx, args)


def _app() -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode="rich")


def _code(code: int, meaning: str) -> str:
    """A line, or several, that fit 80 columns."""
    return textwrap.fill(meaning, 76, initial_indent=f"  {code:<5}", subsequent_indent=" " * 7)


def _parameter(field: "Field[Any]", hint: Any) -> Parameter:
    """The parameter of a field, whose default is None: not given."""
    is_required = field.default is MISSING and field.default_factory is MISSING
    default = Parameter.empty if is_required else False if get_args(hint)[0] is bool else None
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
