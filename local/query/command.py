"""flowsentry query: answers the named queries of Athena from enriched Parquet files on this machine."""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import typer

from flowsentry.emit.plain_text import plain
from local.query.errors import QueryError
from local.query.time_range import EARLIEST, LATEST, TimeRange, moment
from local.terminal.command import Command, Options
from local.terminal.complaints import MisuseError, complain, nearest
from local.terminal.numbers import port_number
from local.terminal.tables import Column, print_table
from local.terminal.waiting import waiting
from stacks.analytics.named_query import Query
from stacks.analytics.queries import QUERIES
from stacks.analytics.rule_usage import RULE_USAGE_QUERIES

BY_NAME = {query.name: query for query in (*QUERIES, *RULE_USAGE_QUERIES)}
OPTIONS = ("address", "network", "port")
"""Options that are parameters of some queries."""
MAX_COMPLAINT_LETTERS = 500


PATH = "Parquet of the output bucket: a file, a folder, or a glob in quotes; may be given several times"
FROM = "records that started at or after this day or time, in UTC: 2026-11-03 or 2026-11-03T14:05"
TO = "records that started at or before this time, or on or before this day"


def _name(text: str) -> str:
    if text not in BY_NAME:
        near = nearest(text, BY_NAME)
        raise typer.BadParameter(f"{text!r} is no query{near or '; flowsentry query --list shows all of them'}")
    return text


def _names(incomplete: str) -> list[tuple[str, str]]:
    """Names and questions, for the shell's completion."""
    return [(name, query.question) for name, query in BY_NAME.items() if name.startswith(incomplete)]


def _address(text: str) -> str:
    return _checked(text, ipaddress.ip_address, "an address; use 10.0.0.7")


def _network(text: str) -> str:
    return _checked(text, ipaddress.ip_network, "a network; use 10.0.0.0/8")


def _checked(text: str, parse: Callable[[str], object], allowed: str) -> str:
    """The address or network as records have it."""
    try:
        return str(parse(text))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not {allowed}") from error


def _moment(*, is_last: bool) -> Callable[[str], datetime]:
    def parsed(text: str) -> datetime:
        try:
            return moment(text, is_last=is_last)
        except ValueError as error:
            sentence = f"{text!r} is not a time; use 2026-11-03 or 2026-11-03T14:05"
            raise typer.BadParameter(sentence) from error

    return parsed


@dataclass(frozen=True, kw_only=True)
class QueryOptions(Options):
    """Of flowsentry query."""

    name: Annotated[
        str | None, typer.Argument(parser=_name, autocompletion=_names, metavar="NAME", help="the query, one of --list")
    ] = None
    shows_list: Annotated[bool, typer.Option("--list", help="list the queries with their questions and options")] = (
        False
    )
    path: Annotated[list[str], typer.Option(metavar="PATH", help=PATH)] = field(default_factory=list)
    address: Annotated[
        str | None, typer.Option(parser=_address, metavar="ADDRESS", help="the address that the query is about")
    ] = None
    network: Annotated[
        str | None, typer.Option(parser=_network, metavar="CIDR", help="the network that the query leaves out")
    ] = None
    port: Annotated[
        int | None,
        typer.Option(parser=port_number, metavar="PORT", help="the destination port that the query is about"),
    ] = None
    first: Annotated[datetime, typer.Option("--from", parser=_moment(is_last=False), metavar="TIME", help=FROM)] = (
        EARLIEST
    )
    last: Annotated[datetime, typer.Option("--to", parser=_moment(is_last=True), metavar="TIME", help=TO)] = LATEST
    json: Annotated[bool, typer.Option("--json", help="print rows as JSON lines")] = False
    csv: Annotated[bool, typer.Option("--csv", help="print CSV")] = False

    def __post_init__(self) -> None:
        if self.shows_list == (self.name is not None):
            raise MisuseError("give the NAME of one query, or --list for all of them")
        if self.json and self.csv:
            raise MisuseError("give --json or --csv, not both")


def run(options: QueryOptions) -> int:
    """Exit code: 0 with an answer, even one without rows; 1 without."""
    if options.name is None:
        _print_queries(options)
        return 0
    try:
        _print_answer(BY_NAME[options.name], options)
    except QueryError as error:
        return complain(plain(error, MAX_COMPLAINT_LETTERS))
    return 0


def _print_queries(options: QueryOptions) -> None:
    rows = [(query.name, query.question, _needed(query)) for query in BY_NAME.values()]
    if options.json:
        lines = ({"name": name, "question": question, "options": needed} for name, question, needed in rows)
        print(*map(json.dumps, lines), sep="\n")
    else:
        columns = (Column("query", is_whole=True), Column("question"), Column("needs"))
        print_table(columns, [(name, question, ", ".join(needed)) for name, question, needed in rows])


def _needed(query: Query) -> list[str]:
    return [f"--{name}" for name in OPTIONS if name in query.parameters]


def _print_answer(query: Query, options: QueryOptions) -> None:
    from local.query import output  # noqa: PLC0415 - DuckDB is slow to import; other commands do not need it
    from local.query.database import answer  # noqa: PLC0415 - the same
    from local.query.file_tables import FILE_TABLES  # noqa: PLC0415 - the same
    from local.query.files import files_at  # noqa: PLC0415 - the same

    given = _parameters(query, options)
    during = TimeRange(options.first, options.last)
    if during.first > during.last:
        raise QueryError("--from is later than --to; allowed: a time before it")
    if not options.path:
        content = FILE_TABLES[query.table].content
        raise QueryError(f"{query.name} needs --path: {content}, files or a folder with them")
    with waiting(f"answering {query.name}"):
        found = answer(query, files_at(options.path, during), during, given)
    if options.json or options.csv:
        for line in output.as_json(found) if options.json else output.as_csv(found):
            print(line)
    else:
        output.print_answer(found)


def _parameters(query: Query, options: QueryOptions) -> dict[str, object]:
    """The options that the query takes. Raises QueryError for a missing one, and for one that it would ignore."""
    for name in OPTIONS:
        is_given, is_needed = getattr(options, name) is not None, name in query.parameters
        if is_needed and not is_given:
            raise QueryError(f"{query.name} needs --{name}")
        if is_given and not is_needed:
            raise QueryError(f"{query.name} takes no --{name}; flowsentry query --list shows what each query takes")
    return {name: getattr(options, name) for name in OPTIONS if name in query.parameters}


COMMAND = Command(
    options=QueryOptions,
    run=run,
    description="Runs a named query, the same as in Athena, over Parquet files of the output bucket on this machine: "
    "enriched records, or rule usage.",
    examples=(
        "flowsentry query --list",
        "flowsentry query who-connected --path enriched --address 10.0.3.7 --port 22",
        "flowsentry query top-talkers-by-bytes --path enriched --csv",
    ),
    succeeds_when="there is an answer, even one without rows",
    fails_when="the query has no answer: an option or file is missing, or a file could not be read",
    output="a line for each row, with the columns of the query; with --list a line for each query: name, question, "
    "options",
)
