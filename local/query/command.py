"""flowsentry query: answers the named queries of Athena from enriched Parquet files on this machine."""

import argparse
import ipaddress
from collections.abc import Callable
from datetime import datetime

from flowsentry.emit.plain_text import plain
from local.parse_command import complain
from local.query.errors import QueryError
from local.query.time_range import EARLIEST, LATEST, TimeRange, moment
from stacks.analytics.named_query import Query
from stacks.analytics.queries import QUERIES
from stacks.analytics.rule_usage import RULE_USAGE_QUERIES

BY_NAME = {query.name: query for query in (*QUERIES, *RULE_USAGE_QUERIES)}
OPTIONS = ("address", "network", "port")
"""Options that are parameters of some queries."""
LAST_PORT = 65_535
MAX_COMPLAINT_LETTERS = 500


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "query",
        help="answer a question, such as who sent most, from enriched Parquet files",
        description="Runs a named query, the same as in Athena, over Parquet files of the output bucket on this "
        "machine: enriched records, or rule usage. Exit code 1 when it has no answer.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", type=_name, help="the query, one of --list")
    what.add_argument("--list", action="store_true", help="list the queries with their questions and options")
    parser.add_argument("--path", action="append", default=[], metavar="PATH", help=PATH)
    parser.add_argument("--address", type=_address, help="the address that the query is about")
    parser.add_argument("--network", type=_network, help="the network that the query leaves out")
    parser.add_argument("--port", type=_port, help="the destination port that the query is about")
    parser.add_argument(
        "--from", type=_moment(is_last=False), default=EARLIEST, dest="first", metavar="TIME", help=FROM
    )
    parser.add_argument("--to", type=_moment(is_last=True), default=LATEST, dest="last", metavar="TIME", help=TO)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", const="json", dest="form", help="print rows as JSON lines")
    form.add_argument("--csv", action="store_const", const="csv", dest="form", help="print CSV")
    parser.set_defaults(run=run)


PATH = "Parquet of the output bucket: a file, a folder, or a glob in quotes; may be given several times"
FROM = "records that started at or after this day or time, in UTC: 2026-11-03 or 2026-11-03T14:05"
TO = "records that started at or before this time, or on or before this day"


def _name(text: str) -> str:
    if text not in BY_NAME:
        raise argparse.ArgumentTypeError(f"{text!r} is no query; flowsentry query --list shows all of them")
    return text


def _address(text: str) -> str:
    return _checked(text, ipaddress.ip_address, "an address; use 10.0.0.7")


def _network(text: str) -> str:
    return _checked(text, ipaddress.ip_network, "a network; use 10.0.0.0/8")


def _checked(text: str, parse: Callable[[str], object], allowed: str) -> str:
    """The address or network as records have it."""
    try:
        return str(parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}") from error


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use 0 to {LAST_PORT}")
    return int(text)


def _moment(*, is_last: bool) -> Callable[[str], datetime]:
    def parsed(text: str) -> datetime:
        try:
            return moment(text, is_last=is_last)
        except ValueError as error:
            sentence = f"{text!r} is not a time; use 2026-11-03 or 2026-11-03T14:05"
            raise argparse.ArgumentTypeError(sentence) from error

    return parsed


def run(options: argparse.Namespace) -> int:
    """Exit code: 0 with an answer, even one without rows; 1 without."""
    if options.list:
        print("\n".join(map(_described, BY_NAME.values())))
        return 0
    try:
        print(_answered(BY_NAME[options.name], options))
    except QueryError as error:
        return complain(plain(error, MAX_COMPLAINT_LETTERS))
    return 0


def _described(query: Query) -> str:
    needed = ", ".join(f"--{name}" for name in OPTIONS if name in query.parameters)
    return f"{query.name:<34}{query.question}" + (f" ({needed})" if needed else "")


def _answered(query: Query, options: argparse.Namespace) -> str:
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
    found = answer(query, files_at(options.path, during), during, given)
    forms = {"json": output.as_json, "csv": output.as_csv, None: output.as_table}
    return "\n".join(forms[options.form](found))


def _parameters(query: Query, options: argparse.Namespace) -> dict[str, object]:
    """The options that the query takes. Raises QueryError for a missing one, and for one that it would ignore."""
    for name in OPTIONS:
        is_given, is_needed = getattr(options, name) is not None, name in query.parameters
        if is_needed and not is_given:
            raise QueryError(f"{query.name} needs --{name}")
        if is_given and not is_needed:
            raise QueryError(f"{query.name} takes no --{name}; flowsentry query --list shows what each query takes")
    return {name: getattr(options, name) for name in OPTIONS if name in query.parameters}
