"""CloudWatch: the rule of a composite alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import re
from collections.abc import Iterator, Mapping

TOKEN = re.compile(
    r"""\s*(?:
        (?P<function>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<plain>[^)\s]+))\s*\)
        |(?P<word>AND|OR|NOT|TRUE|FALSE)\b
        |(?P<sign>[()])
    )""",
    re.VERBOSE,
)
Token = tuple[str, str]


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Whether the rule is true for these states of alarms by name. NOT binds before AND, and AND before OR. Raises
    ValueError for a rule that is none, KeyError for an alarm without a state.
    """
    tokens = [*tokens_of(rule), ("end", "")]
    value, rest = _either(tokens, states)
    if rest != [("end", "")]:
        raise ValueError(f"the alarm rule does not end after {rule[:100]}: {rest[0]}")
    return value


def tokens_of(rule: str) -> Iterator[Token]:
    """The functions of the rule with the names of their alarms, its words and its parentheses."""
    position = 0
    while rule[position:].strip():
        found = TOKEN.match(rule, position)
        if not found:
            raise ValueError(f"the alarm rule is not understood at {rule[position : position + 50]!r}")
        position = found.end()
        if function := found["function"]:
            name = found["double"] or found["single"] or found["plain"]
            yield function, name.rpartition(":alarm:")[2]
        else:
            yield found["word"] or found["sign"], ""


def _either(tokens: list[Token], states: Mapping[str, str]) -> tuple[bool, list[Token]]:
    value, rest = _both(tokens, states)
    while rest[0][0] == "OR":
        other, rest = _both(rest[1:], states)
        value = value or other
    return value, rest


def _both(tokens: list[Token], states: Mapping[str, str]) -> tuple[bool, list[Token]]:
    value, rest = _one(tokens, states)
    while rest[0][0] == "AND":
        other, rest = _one(rest[1:], states)
        value = value and other
    return value, rest


def _one(tokens: list[Token], states: Mapping[str, str]) -> tuple[bool, list[Token]]:
    (kind, name), rest = tokens[0], tokens[1:]
    match kind:
        case "NOT":
            value, rest = _one(rest, states)
            return not value, rest
        case "(":
            value, rest = _either(rest, states)
            if rest[0][0] != ")":
                raise ValueError("a parenthesis of the alarm rule is not closed")
            return value, rest[1:]
        case "TRUE" | "FALSE":
            return kind == "TRUE", rest
        case "ALARM" | "OK" | "INSUFFICIENT_DATA":
            return states[name] == kind, rest
        case _:
            raise ValueError(f"the alarm rule has {kind!r} where an alarm is expected")
