"""Runs a query of CloudWatch Logs Insights on log events: the commands that the app's queries use.

A strict run is stricter than CloudWatch, so that a test fails where a dashboard shows an empty table: it refuses a
field that no event has, and a field that `stats` did not keep.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local.log_insights.events import Event, discovered
from local.log_insights.expressions import Expression, Parser
from local.log_insights.structures import Value, assigned, items_of
from local.log_insights.tokens import MalformedQueryError, tokens_of
from local.log_insights.values import sort_key

Record = dict[str, Value]
MOST_STATS = 2
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html"""
MOST_ROWS = 10_000


def run(query: str, events: Iterable[Event | str]) -> list[Record]:
    """The rows that a query shows, each a value by column in the order of the columns. A strict run: raises
    MalformedQueryError also for a field that no event has.
    """
    known = (event if isinstance(event, Event) else Event(event) for event in events)
    return run_on(query, [discovered(event) for event in known], is_strict=True)


def run_on(query: str, rows: Sequence[Mapping[str, Value]], *, is_strict: bool = False) -> list[Record]:
    """The rows that a query shows of rows with the fields of events, as `discovered` returns them; they are not
    changed. As in CloudWatch, a field that no row has is null, unless the run is strict. Raises MalformedQueryError.
    """
    state = _State([dict(row) for row in rows], is_strict=is_strict)
    parser = Parser(tokens_of(query), query)
    while True:
        command = parser.take("name").text.lower()
        if command not in _COMMANDS:
            raise MalformedQueryError(f"there is no command {command}")
        _COMMANDS[command](state, parser)
        if parser.is_done:
            return state.shown()
        parser.need("|")


@dataclass
class _State:
    """The rows so far, and the columns that are shown (none: those of the system)."""

    rows: list[Record]
    columns: list[str] = field(default_factory=list)
    stats: int = 0
    is_ordered: bool = False
    limit: int = MOST_ROWS
    is_strict: bool = True

    def require(self, *expressions: Expression) -> None:
        named = frozenset[str]().union(*(each.fields for each in expressions))
        if self.is_strict and self.rows and (missing := named - {name for row in self.rows for name in row}):
            raise MalformedQueryError(f"unknown fields: {', '.join(sorted(missing))}")

    def shown(self) -> list[Record]:
        columns = self.columns or ["@timestamp", "@message"]
        return [{name: row.get(name) for name in columns} for row in self.rows[: self.limit]]


def _named(parser: Parser) -> tuple[str, Expression]:
    expression = parser.expression()
    return (parser.field() if parser.takes("as") else expression.text.strip("`")), expression


def _fields(state: _State, parser: Parser) -> None:
    for name, expression in _all_named(parser):
        state.require(expression)
        if name in state.columns and name != expression.text:
            raise MalformedQueryError(f"the field {name} is there already")
        for row in state.rows:
            row.update(assigned(name, expression.on(row)))
        state.columns.append(name)


def _all_named(parser: Parser) -> list[tuple[str, Expression]]:
    return [each for each in parser.separated(lambda: _named(parser)) if isinstance(each, tuple)]


def _display(state: _State, parser: Parser) -> None:
    names = [str(each) for each in parser.separated(parser.field)]
    state.require(*(Expression(lambda _rows: None, frozenset({name})) for name in names))
    state.columns = names


def _filter(state: _State, parser: Parser) -> None:
    condition = parser.expression()
    if condition.aggregates:
        raise MalformedQueryError("filter has an aggregate")
    state.require(condition)
    state.rows = [row for row in state.rows if condition.on(row)]


def _parse(state: _State, parser: Parser) -> None:
    source = parser.field() if parser.peek().kind in {"name", "quoted"} else "@message"
    token = parser.take()
    if token.kind == "pattern":
        pattern, names = re.compile(token.text.replace("(?<", "(?P<")), []
    else:
        parser.need("as")
        names = [str(each) for each in parser.separated(parser.field)]
        pattern = _glob(token.text, len(names))
    for row in state.rows:
        if found := pattern.search(str(row.get(source, ""))):
            row.update(dict(zip(names, found.groups(), strict=True)) if names else found.groupdict())


def _glob(text: str, names: int) -> re.Pattern[str]:
    """The pattern that a glob means: each `*` takes as little as it can, the last one the rest of the line.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html
    """
    parts = text.split("*")
    if len(parts) - 1 != names:
        raise MalformedQueryError(f"{len(parts) - 1} wildcards for {names} fields")
    pattern = "(.*?)".join(map(re.escape, parts))
    return re.compile(pattern.removesuffix("(.*?)") + "(.*)$" if not parts[-1] else pattern)


def _stats(state: _State, parser: Parser) -> None:
    state.stats += 1
    if state.stats > MOST_STATS:
        raise MalformedQueryError(f"more than {MOST_STATS} stats commands")
    if state.is_ordered:
        raise MalformedQueryError("sort and limit stand after the last stats command")
    measures = _all_named(parser)
    keys = _all_named(parser) if parser.takes("by") else []
    state.require(*(each for _, each in (*measures, *keys)))
    if not all(each.aggregates for _, each in measures):
        raise MalformedQueryError("stats has a value that is no aggregate")
    groups: dict[tuple[Value, ...], list[Record]] = {}
    for row in state.rows:
        groups.setdefault(tuple(each.on(row) for _, each in keys), []).append(row)
    state.columns = [name for name, _ in (*keys, *measures)]
    state.rows = [
        {name: value for (name, _), value in zip(keys, group, strict=True)}
        | {name: measure.of(rows) for name, measure in measures}
        for group, rows in groups.items()
    ]


def _sort(state: _State, parser: Parser) -> None:
    state.is_ordered = True
    orders = [each for each in parser.separated(lambda: _order(parser)) if isinstance(each, tuple)]
    for expression, descending in reversed(orders):
        state.require(expression)
        present = [row for row in state.rows if expression.on(row) is not None]
        present.sort(key=_key(expression), reverse=descending)
        state.rows = [*present, *(row for row in state.rows if expression.on(row) is None)]


def _order(parser: Parser) -> tuple[Expression, bool]:
    expression = parser.expression()
    if parser.takes("desc"):
        return expression, True
    parser.need("asc")
    return expression, False


def _key(expression: Expression) -> Callable[[Record], tuple[int, Value]]:
    return lambda row: sort_key(expression.on(row))


def _limit(state: _State, parser: Parser) -> None:
    state.is_ordered = True
    state.limit = int(parser.take("number").text)
    if not 1 <= state.limit <= MOST_ROWS:
        raise MalformedQueryError(f"limit {state.limit}")


def _unnest(state: _State, parser: Parser) -> None:
    source = parser.field()
    parser.need("into")
    name = parser.field()
    state.require(Expression(lambda _rows: None, frozenset({source})))
    state.rows = [{**row, **assigned(name, item)} for row in state.rows for item in items_of(row.get(source))]


def _dedup(state: _State, parser: Parser) -> None:
    names: Sequence[str] = [str(each) for each in parser.separated(parser.field)]
    first: dict[tuple[Value, ...], Record] = {}
    for row in state.rows:
        first.setdefault(tuple(row.get(name) for name in names), row)
    state.rows = list(first.values())


_COMMANDS: dict[str, Callable[[_State, Parser], None]] = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "parse": _parse,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "dedup": _dedup,
    "unnest": _unnest,
}
