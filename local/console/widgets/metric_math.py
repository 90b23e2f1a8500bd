"""CloudWatch's metric math, as far as dashboards use it: parsed into an expression, evaluated on series.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from local.console.console_data import Series
from local.console.widgets.search import Search, SearchError, search_of


class MetricMathError(Exception):
    """An expression that CloudWatch, or this evaluation, does not know; the message says which part."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    value: float


@dataclass(frozen=True, slots=True)
class Reference:
    """Another line of the widget, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """All lines that a search finds."""

    search: Search


@dataclass(frozen=True, slots=True)
class Operation:
    """`left + right`, or another of OPERATORS."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple["Expression", ...]


Expression = Number | Reference | Found | Operation | Call
Value = float | Series | list[Series]
OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {"SUM": sum, "AVG": fmean, "MIN": min, "MAX": max}
_TOKEN = re.compile(
    r"\s*(?:(?P<search>SEARCH\((?:[^')]|'[^']*')*\))|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z]\w*)"
    r"|(?P<sign>[-+*/(),]))"
)


class _Token(NamedTuple):
    kind: str
    text: str


def parsed(text: str) -> Expression:
    """The expression that a text is. Raises MetricMathError."""
    tokens = [*_tokens(text), _Token("end", "")]
    reader = _Reader(tokens, text)
    expression = reader.sum()
    if reader.next.kind != "end":
        raise MetricMathError(f"unexpected {reader.next.text!r} in {text}")
    return expression


def _tokens(text: str) -> Iterator[_Token]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise MetricMathError(f"unexpected {text[at : at + 20]!r} in {text}")
        yield _Token(str(found.lastgroup), str(found.group(str(found.lastgroup))))
        at = found.end()


class _Reader:
    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens, self._text = tokens, text

    @property
    def next(self) -> _Token:
        return self._tokens[0]

    def sum(self) -> Expression:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/"), self._operand)

    def _chain(self, signs: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        left = operand()
        while self.next.kind == "sign" and self.next.text in signs:
            left = Operation(self._take().text, left, operand())
        return left

    def _operand(self) -> Expression:
        token = self._take()
        match token.kind:
            case "number":
                return Number(float(token.text))
            case "search":
                return Found(_search(token.text))
            case "name":
                return Call(token.text, self._arguments()) if self.next.text == "(" else Reference(token.text)
        if token.text == "-":
            return Operation("-", Number(0.0), self._operand())
        if token.text == "(":
            inner = self.sum()
            self._need(")")
            return inner
        raise MetricMathError(f"unexpected {token.text or 'end'!r} in {self._text}")

    def _arguments(self) -> tuple[Expression, ...]:
        self._need("(")
        arguments = [self.sum()]
        while self.next.text == ",":
            self._take()
            arguments.append(self.sum())
        self._need(")")
        return tuple(arguments)

    def _need(self, sign: str) -> None:
        if self._take().text != sign:
            raise MetricMathError(f"expected {sign!r} in {self._text}")

    def _take(self) -> _Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]


def _search(text: str) -> Search:
    try:
        return search_of(text)
    except SearchError as error:
        raise MetricMathError(str(error)) from error


def searches_in(expression: Expression) -> Iterator[Search]:
    """The searches of an expression."""
    match expression:
        case Found(search):
            yield search
        case Operation(_, left, right):
            yield from (*searches_in(left), *searches_in(right))
        case Call(_, arguments):
            for each in arguments:
                yield from searches_in(each)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates expressions over `times`, the starts of all periods. `lines` returns the series of another line by its
    id, `found` those that a search finds.
    """

    times: Sequence[int]
    lines: Callable[[str], Value]
    found: Callable[[Search], list[Series]]

    def value(self, expression: Expression) -> Value:
        """The value of an expression: a number, a series, or several series. Raises MetricMathError."""
        match expression:
            case Number(value):
                return value
            case Reference(id_):
                return self.lines(id_)
            case Found(search):
                return self.found(search)
            case Operation(sign, left, right):
                return _combined(OPERATORS[sign], self.value(left), self.value(right))
            case Call(function, arguments):
                return self._called(function, [self.value(each) for each in arguments])

    def _called(self, function: str, arguments: list[Value]) -> Value:
        if function in AGGREGATES and len(arguments) == 1:
            return _aggregate(AGGREGATES[function], arguments[0])
        if function == "FILL" and len(arguments) == 2:  # noqa: PLR2004 a series and what fills it
            return self._filled(*arguments)
        raise MetricMathError(f"the console does not know the function {function} with {len(arguments)} arguments")

    def _filled(self, value: Value, missing: Value) -> Value:
        if not isinstance(missing, float) or isinstance(value, float):
            raise MetricMathError("FILL takes a series and a number")
        if isinstance(value, list):
            return [self._filled_series(each, missing) for each in value]
        return self._filled_series(value, missing)

    def _filled_series(self, series: Series, missing: float) -> Series:
        known = dict(zip(series.times, series.values, strict=True))
        return Series(self.times, [known.get(at, missing) for at in self.times])


def _aggregate(function: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Of one series, a number; of several, a series of the values that they have at each time."""
    if isinstance(value, float):
        raise MetricMathError("an aggregate takes series")
    if isinstance(value, Series):
        return float(function(value.values)) if value.values else 0.0
    together: dict[int, list[float]] = {}
    for series in value:
        for at, each in zip(series.times, series.values, strict=True):
            together.setdefault(at, []).append(each)
    times = sorted(together)
    return Series(times, [float(function(together[at])) for at in times])


def _combined(operate: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, list):
        if isinstance(right, list):
            raise MetricMathError("there is no arithmetic between several series and several series")
        return [_series(_combined(operate, each, right)) for each in left]
    if isinstance(right, list):
        return [_series(_combined(operate, left, each)) for each in right]
    if isinstance(left, float) and isinstance(right, float):
        return _result(operate, left, right) or 0.0
    return _paired(operate, left, right)


def _paired(operate: Callable[[float, float], float], left: float | Series, right: float | Series) -> Series:
    """Of two series, the times that both have."""
    lefts, rights = _by_time(left), _by_time(right)
    common = (lefts.keys() if lefts is not None else set()) if rights is None else rights.keys()
    times = sorted(common if lefts is None or rights is None else lefts.keys() & rights.keys())
    pairs = [(at, _result(operate, _at(left, lefts, at), _at(right, rights, at))) for at in times]
    kept = [(at, value) for at, value in pairs if value is not None]
    return Series([at for at, _ in kept], [value for _, value in kept])


def _by_time(value: float | Series) -> dict[int, float] | None:
    return dict(zip(value.times, value.values, strict=True)) if isinstance(value, Series) else None


def _at(value: float | Series, by_time: dict[int, float] | None, at: int) -> float:
    return by_time[at] if by_time is not None else float(value)  # type: ignore[arg-type]


def _result(operate: Callable[[float, float], float], left: float, right: float) -> float | None:
    """None for a division by zero, of which CloudWatch draws no point."""
    try:
        return operate(left, right)
    except ZeroDivisionError:
        return None


def _series(value: Value) -> Series:
    if not isinstance(value, Series):
        raise MetricMathError("expected a series")
    return value
