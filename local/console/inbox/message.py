"""A message about findings as each channel shows it: the e-mail, the chat notification and the JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from flowsentry.emit.alert_message import AlertMessage

FINDING = "finding"
"""The `type` of messages about one finding; those about several have another one (docs/alerts.md)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, sent at that time (Unix seconds). `json` and `chat` are as published, parsed; `chat` is empty where
    there is no chat topic. One that is not `is_sent` was composed here, as a deployment would send it.
    """

    id: str
    at: int
    subject: str
    text: str
    json: Mapping[str, Any] = field(default_factory=dict)
    chat: Mapping[str, Any] = field(default_factory=dict)
    is_sent: bool = True

    @classmethod
    def composed(cls, id_: str, at: int, message: AlertMessage) -> Self:
        """A message that was not sent."""
        forms = json.loads(message.json), json.loads(message.chat)
        return cls(id_, at, message.subject, message.text, *forms, is_sent=False)

    @property
    def type(self) -> str:
        """`finding`, `digest` or `overflow`."""
        return str(self.json.get("type", ""))

    @property
    def severity(self) -> str:
        """The highest severity in it."""
        if self.type == FINDING:
            return str(self.json.get("severity", ""))
        return "background" if set(self.severities) <= {"background"} else next(iter(self.severities), "")

    @property
    def severities(self) -> Sequence[str]:
        """The severities of the findings that its JSON lists, the highest first."""
        order = ("high", "medium", "low", "background")
        listed = {str(each.get("severity")) for each in self.json.get("findings", ())}
        return [each for each in order if each in listed]

    @property
    def finding_ids(self) -> Sequence[str]:
        """The findings that its JSON lists, as many as fit (flowsentry/emit/machine_json.py)."""
        if self.type == FINDING:
            return [str(self.json.get("id", ""))]
        return [str(each.get("id", "")) for each in self.json.get("findings", ())]

    @property
    def number_of_findings(self) -> int:
        """How many findings it is about, those too that its JSON does not list."""
        return 1 if self.type == FINDING else int(self.json.get("count", 0))
