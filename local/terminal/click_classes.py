"""Typer's classes of commands, with the few things that ours do otherwise."""

from typing import Any

import typer.core


class Single(typer.core.TyperCommand):
    """A command that takes `-1` for a number, where Click takes it for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Click does, except that options it does not know are arguments where one is a negative number."""
        ctx.ignore_unknown_options = any(each.startswith("-") and each[1:].isdecimal() for each in args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters as help shows them."""
        return _for_people(super().get_params(ctx))


class Group(typer.core.TyperGroup):
    """A command with commands of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters as help shows them."""
        return _for_people(super().get_params(ctx))


def _for_people(parameters: list[Any]) -> list[Any]:
    """The same, without the names of Python's types, such as `<list[str]>`: their placeholders say more."""
    for each in parameters:
        if isinstance(each, typer.core.TyperArgument):
            vars(each)["display_type_rich"] = _nothing
        elif each.is_flag:
            each.metavar = ""
    return parameters


def _nothing(ctx: Any) -> str:  # noqa: ARG001 - Typer calls it so
    return ""
