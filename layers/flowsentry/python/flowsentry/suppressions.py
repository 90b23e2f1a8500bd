"""Suppressions: findings that nobody wants to be told of, by whom they are about, with a reason and an end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flowsentry.findings import Finding


@dataclass(frozen=True, slots=True)
class Suppressions:
    """What is suppressed; nothing by default."""


def suppressed(findings: Iterable[Finding], suppressions: Suppressions, now: float) -> Iterator[Finding]:  # noqa: ARG001
    """The findings in the same order; those that are suppressed at `now` (Unix s) say by what reason."""
    yield from findings
