"""Canaries: flow log records that no interface logged, and the test alert that each becomes. No polars, as the notifier
writes them.

A canary is a NODATA record: it has no packets, so no traffic metric, contact or evidence comes of it, whatever its
addresses would be. Its interface ID, which AWS gives to no interface, says when and where it was written.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.inventory.source_address import UNKNOWN_SCOPE
from flowsentry.value import Value

KIND = "test_alert"
"""The kind of the finding. It is not among KINDS: dashboards do not draw it, and no suppression names it."""
SUBJECT = "canary"
LOG_STREAM = "flowsentry-canary"
"""The log stream of canaries, where other records are in the stream of their interface."""
FLOW_LOG_ID = "fl-canary"
"""In the place of a flow log's ID in the names of objects."""
INTERFACE_PREFIX = "eni-flowsentry-canary-"
FIELDS = ("version", "account-id", "interface-id", "start", "end", "log-status")
"""The fields of a canary in a file, which states them in its header."""
NEEDED_FIELDS = frozenset({"interface-id", "start", "end", "log-status"})
"""Without these a record can't be a canary: nothing would distinguish it, or it would count as traffic."""
_INTERFACE = re.compile(rf"{INTERFACE_PREFIX}(?P<sent_at>[0-9]{{1,12}})-(?P<way>[a-z]+)")


class Way(StrEnum):
    """Where a canary is written."""

    BUCKET = "bucket"
    LOGS = "logs"


WAY_IN_WORDS = {Way.BUCKET: "the flow log bucket", Way.LOGS: "a flow log group"}


class Canary(Value, frozen=True):
    """One canary, written at `sent_at` (Unix s). The same canary has the same finding, however often it is read."""

    sent_at: int
    way: Way

    @classmethod
    def of_interface(cls, interface_id: str) -> Self | None:
        """The canary with this interface ID; None for any other ID."""
        named = _INTERFACE.fullmatch(interface_id)
        if named is None or named["way"] not in tuple(Way):
            return None
        return cls(int(named["sent_at"]), Way(named["way"]))

    @property
    def interface_id(self) -> str:
        return f"{INTERFACE_PREFIX}{self.sent_at}-{self.way}"

    @property
    def finding_id(self) -> str:
        return finding_id(KIND, self.interface_id)

    @property
    def finding(self) -> Finding:
        """The finding whose alert is the test alert: urgent, so that it goes where urgent alerts go. It has no thread,
        so that triage of one test alert does not silence the next.
        """
        return Finding(
            id=self.finding_id,
            kind=KIND,
            severity=Severity.MEDIUM,
            title=f"Test alert: a record in {WAY_IN_WORDS[self.way]} came through",
            subject=SUBJECT,
            scope=UNKNOWN_SCOPE,
            first_seen=self.sent_at,
            last_seen=self.sent_at,
            details={"way": self.way.value, "technique": None},
        )

    def record(self, names: Sequence[str], account_id: str) -> str | None:
        """The canary as a line with these fields; None where a field of NEEDED_FIELDS is missing."""
        if not NEEDED_FIELDS.issubset(names):
            return None
        values = {
            "version": "2",
            "account-id": account_id,
            "interface-id": self.interface_id,
            "start": str(self.sent_at),
            "end": str(self.sent_at),
            "log-status": "NODATA",
        }
        return " ".join(values.get(name, "-") for name in names)


def is_test_alert(finding: Finding) -> bool:
    return finding.kind == KIND
