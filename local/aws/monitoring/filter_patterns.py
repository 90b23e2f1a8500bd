"""Filter patterns of CloudWatch Logs: which are valid, and which log events they match.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

ELLIPSIS = "..."
NAME = r"[A-Za-z0-9_-]+"
"""Names of fields, and that there is at most one ellipsis:
https://github.com/aws/aws-cdk/blob/v2.275.0/packages/aws-cdk-lib/aws-logs/lib/pattern.ts"""
_CONDITION = re.compile(rf'\s*({NAME})\s*(<=|>=|!=|=|<|>)\s*("(?:[^"\\]|\\.)*"|[^\s"&|<>=!,]+)\s*')
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_VALUE = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])*')


class InvalidPatternError(ValueError):
    """A pattern that CloudWatch Logs refuses."""


def matches(pattern: str, message: str) -> bool:
    """True if the message matches a pattern of terms (`a "b c" -d ?e`) or of space-delimited fields (`[a, b = 1]`); an
    empty pattern matches all messages.

    Patterns for JSON and regular expressions raise NotImplementedError.
    """
    if pattern.strip().startswith(("{", "%")):
        raise NotImplementedError(f"the embedded AWS does not support this filter pattern: {pattern}")
    return _of_fields(pattern.strip(), message) if pattern.strip().startswith("[") else _of_terms(pattern, message)


def require_valid(pattern: str) -> None:
    """Raises InvalidPatternError if the pattern is one of space-delimited fields and breaks its syntax."""
    if pattern.strip().startswith("["):
        _parsed(pattern.strip())


def _of_terms(pattern: str, message: str) -> bool:
    terms = [(sign, quoted or plain) for sign, quoted, plain in re.findall(r'([-?]?)(?:"([^"]*)"|(\S+))', pattern)]
    optional = [term for sign, term in terms if sign == "?"]
    return (
        all(term in message for sign, term in terms if sign == "")
        and all(term not in message for sign, term in terms if sign == "-")
        and (not optional or any(term in message for term in optional))
    )


def _of_fields(pattern: str, message: str) -> bool:
    """The values are separated by spaces, those in quotes or brackets are one. Their number must be that of the fields,
    where no ellipsis stands for any number of values.
    """
    values = ["".join(found) for found in _VALUE.findall(message)]
    fields = _parsed(pattern)
    if None not in fields:
        return len(values) == len(fields) and _all_hold(fields, values)
    before, after = fields[: fields.index(None)], fields[fields.index(None) + 1 :]
    if len(values) < len(before) + len(after):
        return False
    return _all_hold(before, values) and _all_hold(after, values[len(values) - len(after) :])


@dataclass(frozen=True)
class _Condition:
    """A comparison of a value with a number, or with text that may begin or end with `*`."""

    operator: str
    wanted: str
    is_quoted: bool

    def holds(self, value: str) -> bool:
        if not self.is_quoted and _NUMBER.fullmatch(self.wanted):
            if _NUMBER.fullmatch(value):
                return _compares(float(value), self.operator, float(self.wanted))
            return self.operator == "!="
        return self._is_like(value) == (self.operator == "=")

    def _is_like(self, value: str) -> bool:
        """A `*` stands for any text at the beginning and at the end, and for itself in between."""
        first, last = self.wanted.startswith("*"), self.wanted.endswith("*")
        text = re.escape(self.wanted.removeprefix("*").removesuffix("*"))
        return bool(re.fullmatch(f"{'.*' if first else ''}{text}{'.*' if last else ''}", value))


Field = tuple[tuple[_Condition, ...], ...]
"""What a value must be: one of these alternatives, whose conditions must all hold; anything if there are none."""


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> tuple[Field | None, ...]:
    """The fields of a pattern, None for the ellipsis. Raises InvalidPatternError."""
    if not pattern.endswith("]"):
        raise InvalidPatternError("the pattern does not end with ]")
    fields = tuple(_field(part.strip()) for part in _parts(pattern[1:-1]))
    if fields.count(None) > 1:
        raise InvalidPatternError("the pattern has more than one ...")
    return fields


def _parts(text: str) -> Sequence[str]:
    """The parts between commas that are not in quotes."""
    parts, at = [], 0
    while True:
        found = _PART.match(text, at)
        end = found.end() if found else at
        parts.append(text[at:end])
        if end == len(text):
            return parts
        if text[end] != ",":
            raise InvalidPatternError(f"a quote does not end: {text[end:]}")
        at = end + 1


def _field(part: str) -> Field | None:
    """A field: `...`, a name, nothing, or conditions on one name that && and || join."""
    if part == ELLIPSIS:
        return None
    if re.fullmatch(f"({NAME})?", part):
        return ()
    alternatives = [[_condition(each) for each in both.split("&&")] for both in part.split("||")]
    names = {name for conditions in alternatives for name, _ in conditions}
    if len(names) > 1:
        raise InvalidPatternError(f"a field has conditions on {', '.join(sorted(names))}")
    return tuple(tuple(condition for _, condition in conditions) for conditions in alternatives)


def _condition(text: str) -> tuple[str, _Condition]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise InvalidPatternError(f"this is no name and no condition: {text.strip()}")
    name, operator, wanted = found.groups()
    is_quoted = wanted.startswith('"')
    value = re.sub(r"\\(.)", r"\1", wanted[1:-1]) if is_quoted else wanted
    if operator not in {"=", "!="} and (is_quoted or not _NUMBER.fullmatch(value)):
        raise InvalidPatternError(f"{operator} compares numbers: {text.strip()}")
    return name, _Condition(operator, value, is_quoted)


def _all_hold(fields: Sequence[Field | None], values: Sequence[str]) -> bool:
    return all(_holds(field, value) for field, value in zip(fields, values, strict=False))


def _holds(field: Field | None, value: str) -> bool:
    return not field or any(all(condition.holds(value) for condition in conditions) for conditions in field)


def _compares(value: float, operator: str, wanted: float) -> bool:
    return {
        "=": value == wanted,
        "!=": value != wanted,
        "<": value < wanted,
        "<=": value <= wanted,
        ">": value > wanted,
        ">=": value >= wanted,
    }[operator]
