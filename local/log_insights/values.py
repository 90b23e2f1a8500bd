"""Values of Logs Insights: how they compare, and its functions of them. A missing field is None."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from operator import add, eq, ge, gt, le, lt, mod, mul, ne, sub, truediv
from typing import Any

from local.log_insights.structures import Value, parsed

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_COMPARISONS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": add, "-": sub, "*": mul, "/": truediv, "%": mod, "^": pow
}  # fmt: skip
_PERIODS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def number_of(value: Value) -> float | int | None:
    """The number that a value is or is the text of; None for other text, such as the `-` of a record."""
    if isinstance(value, bool) or value is None:
        return None if value is None else int(value)
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return None
        return float(value) if re.search(r"[.eE]", value) else int(value)
    return value


def compared(left: Value, operator: str, right: Value) -> bool | None:
    """Whether a comparison holds; None, which is no match, if a field is missing. Two numbers, or texts of numbers,
    compare as numbers; anything else as text, and only for equality with a number.
    """
    if left is None or right is None:
        return None
    numbers = number_of(left), number_of(right)
    if None not in numbers:
        return _holds(numbers[0], operator, numbers[1])
    if operator in {"=", "!="} or (isinstance(left, str) and isinstance(right, str)):
        return _holds(str(left), operator, str(right))
    return None


def _holds(left: Any, operator: str, right: Any) -> bool:
    return bool(_COMPARISONS[operator](left, right))


def calculated(left: Value, operator: str, right: Value) -> Value:
    """The result of arithmetic; None if one of the two is no number, or for a division by 0."""
    a, b = number_of(left), number_of(right)
    if a is None or b is None or (operator in "/%" and b == 0):
        return None
    result: float = _ARITHMETIC[operator](a, b)
    return result


def milliseconds(period: str) -> int:
    """The milliseconds of a period such as `5m`."""
    number = period.rstrip("mshdw")
    return int(number) * _PERIODS[period.removeprefix(number)]


def _address(value: Value, versions: Sequence[int]) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        return None
    return address if address.version in versions else None


def _in_subnet(*versions: int) -> Callable[..., Value]:
    def is_in(value: Value, subnet: Value) -> bool:
        network = ipaddress.ip_network(str(subnet))
        if network.version not in versions:
            raise ValueError(f"{subnet} is no subnet of IPv{versions[0]}")
        address = _address(value, versions)
        return address is not None and address in network

    return is_in


def _numbers(*values: Value) -> list[float | int]:
    return [each for each in map(number_of, values) if each is not None]


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "abs": lambda a: None if number_of(a) is None else abs(number_of(a) or 0),
    "ceil": lambda a: None if number_of(a) is None else -int(-(number_of(a) or 0) // 1),
    "floor": lambda a: None if number_of(a) is None else int((number_of(a) or 0) // 1),
    "greatest": lambda *a: max(_numbers(*a), default=None),
    "least": lambda *a: min(_numbers(*a), default=None),
    "ispresent": lambda a: a is not None,
    "coalesce": lambda *a: next((each for each in a if each is not None), None),
    "if": lambda condition, then, otherwise: then if condition else otherwise,
    "isempty": lambda a: a in (None, ""),
    "isblank": lambda a: a is None or not str(a).strip(),
    "concat": lambda *a: "".join("" if each is None else str(each) for each in a),
    "strlen": lambda a: None if a is None else len(str(a)),
    "toupper": lambda a: None if a is None else str(a).upper(),
    "tolower": lambda a: None if a is None else str(a).lower(),
    "trim": lambda a: None if a is None else str(a).strip(),
    "replace": lambda a, old, new: None if a is None else str(a).replace(str(old), str(new)),
    "strcontains": lambda a, part: int(str(part) in str(a)),
    "substr": lambda a, start, length=None: str(a)[int(start) :][: None if length is None else int(length)],
    "jsonParse": parsed,
    "isValidIp": lambda a: _address(a, (4, 6)) is not None,
    "isValidIpV4": lambda a: _address(a, (4,)) is not None,
    "isValidIpV6": lambda a: _address(a, (6,)) is not None,
    "isIpInSubnet": _in_subnet(4, 6),
    "isIpv4InSubnet": _in_subnet(4),
    "isIpv6InSubnet": _in_subnet(6),
}
"""The functions of values, named as AWS spells them."""
OF_MISSING_FIELDS = frozenset({"ispresent", "coalesce", "isempty", "isblank", "if"})
"""Functions whose arguments may be fields that no event has."""


def _mean(values: Sequence[Value]) -> Value:
    numbers = _numbers(*values)
    return sum(numbers) / len(numbers) if numbers else None


def _percentile(values: Sequence[Value], percent: Value) -> Value:
    numbers = sorted(_numbers(*values))
    return numbers[round((number_of(percent) or 0) / 100 * (len(numbers) - 1))] if numbers else None


AGGREGATES: dict[str, Callable[..., Value]] = {
    "sum": lambda values: sum(_numbers(*values)),
    "avg": _mean,
    "min": lambda values: min(_numbers(*values), default=None),
    "max": lambda values: max(_numbers(*values), default=None),
    "count_distinct": lambda values: len({str(each) for each in values if each is not None}),
    "pct": _percentile,
    "sortsFirst": lambda values: min((str(each) for each in values if each is not None), default=None),
    "sortsLast": lambda values: max((str(each) for each in values if each is not None), default=None),
}
"""The functions of the values of a group; `count`, `earliest` and `latest` are those of its events."""
OF_EVENTS = frozenset({"count", "earliest", "latest"})


def sort_key(value: Value) -> tuple[int, Any]:
    """Where a value sorts: text, then numbers; values that are missing are set apart."""
    number = number_of(value)
    return (0, str(value)) if number is None else (1, number)
