"""Expressions of Logs Insights: parsed by precedence, evaluated on one event or, with aggregates, on a group."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.log_insights.structures import Value
from local.log_insights.tokens import MalformedQueryError, Token
from local.log_insights.values import (
    AGGREGATES,
    FUNCTIONS,
    OF_EVENTS,
    OF_MISSING_FIELDS,
    calculated,
    compared,
    milliseconds,
)

Row = Mapping[str, Value]
_LEVELS = (("+", "-"), ("*", "/", "%"), ("^",))
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Expression:
    """An expression: its value for the rows of a group (for an event: one row), the fields that it names and must
    exist, whether it aggregates, and its text.
    """

    of: Callable[[Sequence[Row]], Value]
    fields: frozenset[str] = frozenset()
    aggregates: bool = False
    text: str = ""

    def on(self, row: Row) -> Value:
        return self.of([row])


class Parser:
    """Reads tokens from first to last."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._tokens, self._text, self._next = tokens, text, 0

    @property
    def is_done(self) -> bool:
        return self._next >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token:
        at = self._next + ahead
        return self._tokens[at] if at < len(self._tokens) else Token("end", "", len(self._text))

    def take(self, kind: str = "") -> Token:
        token = self.peek()
        if token.kind == "end" or (kind and token.kind != kind):
            raise MalformedQueryError(f"expected {kind or 'more'} at {token.at}, found {token.text!r}")
        self._next += 1
        return token

    def takes(self, *words: str) -> bool:
        """Whether the next words are these, whatever their case; then they are read."""
        found = [self.peek(number) for number in range(len(words))]
        if any(each.kind not in {"name", "operator"} for each in found):
            return False
        if [each.text.lower() for each in found] != [*words]:
            return False
        self._next += len(words)
        return True

    def need(self, word: str) -> None:
        if not self.takes(word):
            raise MalformedQueryError(f"expected {word!r} at {self.peek().at}, found {self.peek().text!r}")

    def field(self) -> str:
        """The name of a field."""
        return self.take("quoted" if self.peek().kind == "quoted" else "name").text

    def separated(self, read: Callable[[], object]) -> Iterator[object]:
        """What `read` reads between commas."""
        yield read()
        while self.takes(","):
            yield read()

    def expression(self) -> Expression:
        begin = self.peek().at
        read = self._either()
        text = self._text[begin : self.peek().at].strip()
        return Expression(read.of, read.fields, read.aggregates, text)

    def _either(self) -> Expression:
        read = self._both()
        while self.takes("or"):
            read = _joined(lambda a, b: bool(a) or bool(b), read, self._both())
        return read

    def _both(self) -> Expression:
        read = self._negated()
        while self.takes("and"):
            read = _joined(lambda a, b: bool(a) and bool(b), read, self._negated())
        return read

    def _negated(self) -> Expression:
        if self.takes("not"):
            return _joined(lambda a: not a, self._negated())
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._calculation(0)
        for operator in _COMPARISONS:
            if self.takes(operator):
                return _joined(_comparison(operator), left, self._calculation(0))
        negated = self.peek().text.lower() == "not" and self.takes("not")
        if self.takes("like") or self.takes("=~"):
            return self._like(left, negated=negated)
        if self.takes("in"):
            return self._in(left, negated=negated)
        if negated:
            raise MalformedQueryError(f"expected like or in at {self.peek().at}")
        return left

    def _like(self, left: Expression, *, negated: bool) -> Expression:
        token = self.take()
        if token.kind not in {"pattern", "string"}:
            raise MalformedQueryError(f"expected text in quotes or /a pattern/ at {token.at}")
        pattern = re.compile(token.text if token.kind == "pattern" else re.escape(token.text))
        return _joined(lambda a: None if a is None else bool(pattern.search(str(a))) != negated, left)

    def _in(self, left: Expression, *, negated: bool) -> Expression:
        self.need("[")
        members = [each for each in self.separated(self._primary) if isinstance(each, Expression)]
        self.need("]")

        def is_member(a: Value, *others: Value) -> Value:
            return None if a is None else any(compared(a, "=", other) for other in others) != negated

        return _joined(is_member, left, *members)

    def _calculation(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._primary()
        read = self._calculation(level + 1)
        while operator := next((each for each in _LEVELS[level] if self.takes(each)), ""):
            read = _joined(_calculation(operator), read, self._calculation(level + 1))
        return read

    def _primary(self) -> Expression:
        if self.takes("("):
            read = self._either()
            self.need(")")
            return read
        if self.takes("-"):
            return _joined(lambda a: calculated(0, "-", a), self._primary())
        token = self.take()
        if token.kind in {"string", "number", "period"}:
            constant: Value = token.text if token.kind != "number" else float(token.text)
            return Expression(lambda _rows: constant)
        if token.kind == "name" and self.takes("("):
            return self._call(token)
        if token.kind not in {"name", "quoted"}:
            raise MalformedQueryError(f"expected a value at {token.at}, found {token.text!r}")
        return Expression(lambda rows: rows[0].get(token.text) if rows else None, frozenset({token.text}))

    def _call(self, name: Token) -> Expression:
        arguments = self._arguments()
        if name.text == "bin":
            return _bin(arguments)
        if name.text in OF_EVENTS:
            return _of_events(name.text, arguments)
        if name.text in AGGREGATES:
            return _aggregate(name.text, arguments)
        if name.text not in FUNCTIONS:
            raise MalformedQueryError(f"there is no function {name.text}, at {name.at}")
        called = _joined(FUNCTIONS[name.text], *arguments)
        return Expression(called.of, aggregates=called.aggregates) if name.text in OF_MISSING_FIELDS else called

    def _arguments(self) -> list[Expression]:
        if self.takes("*", ")") or self.takes(")"):
            return []
        arguments = [each for each in self.separated(self._either) if isinstance(each, Expression)]
        self.need(")")
        return arguments


def _joined(function: Callable[..., Value], *parts: Expression) -> Expression:
    return Expression(
        lambda rows: function(*(part.of(rows) for part in parts)),
        frozenset[str]().union(*(part.fields for part in parts)),
        any(part.aggregates for part in parts),
    )


def _comparison(operator: str) -> Callable[[Value, Value], Value]:
    return lambda a, b: compared(a, operator, b)


def _calculation(operator: str) -> Callable[[Value, Value], Value]:
    return lambda a, b: calculated(a, operator, b)


def _bin(arguments: Sequence[Expression]) -> Expression:
    step = milliseconds(str(arguments[0].on({})))
    return Expression(lambda rows: int(rows[0].get("@timestamp") or 0) // step * step)


def _of_events(name: str, arguments: Sequence[Expression]) -> Expression:
    """`count` of events, or of those with a field; the value of the `earliest` or `latest` event with one."""

    def counted(rows: Sequence[Row]) -> Value:
        return sum(1 for row in rows if not arguments or arguments[0].on(row) is not None)

    def at_end(rows: Sequence[Row]) -> Value:
        ordered = sorted(rows, key=lambda row: int(row.get("@timestamp") or 0), reverse=name == "latest")
        return next((value for row in ordered if (value := arguments[0].on(row)) is not None), None)

    fields = frozenset[str]().union(*(each.fields for each in arguments))
    return Expression(counted if name == "count" else at_end, fields, aggregates=True)


def _aggregate(name: str, arguments: Sequence[Expression]) -> Expression:
    of, *constants = arguments
    if of.aggregates:
        raise MalformedQueryError(f"{name} of an aggregate")
    return Expression(
        lambda rows: AGGREGATES[name]([of.on(row) for row in rows], *(each.on({}) for each in constants)),
        of.fields,
        aggregates=True,
    )
