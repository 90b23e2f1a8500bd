"""Messages as SNS delivered them: an e-mail, the JSON of a queue and the chat notification, put together again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowsentry.emit.plain_text import plain
from local.console.inbox.message import FINDING, Message

CHAT_SOURCE = "custom"
"""`source` of chat notifications, whose topic sends no other form (flowsentry/emit/chat.py)."""


@dataclass
class PublishedMessages:
    """What the alert topics delivered so far, in any order. Deliveries of one message have the same message id; a chat
    notification, published on its own, names the finding that it is about.
    """

    _mails: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _published: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    _chats: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add_mail(self, mail: Mapping[str, str]) -> None:
        """Adds an e-mail: `message_id`, `subject`, `text`."""
        self._mails[mail["message_id"]] = mail

    def add_delivery(self, delivery: Mapping[str, Any]) -> None:
        """Adds what SNS put into a queue: the published JSON or chat notification in its envelope."""
        message = json.loads(delivery["Message"])
        if message.get("source") == CHAT_SOURCE:
            self._chats[message["id"]] = message
        else:
            at = int(datetime.fromisoformat(delivery["Timestamp"]).timestamp())
            self._published[delivery["MessageId"]] = at, message

    def messages(self) -> Sequence[Message]:
        """The messages of which both forms have arrived, in order of time."""
        found = [self._message(id_, *self._published[id_]) for id_ in self._published.keys() & self._mails.keys()]
        return sorted(found, key=lambda each: (each.at, each.id))

    def _message(self, id_: str, at: int, published: Mapping[str, Any]) -> Message:
        mail = self._mails[id_]
        chat = self._chats.get(_chat_id(published), {})
        return Message(id_, at, mail["subject"], mail["text"], published, chat)


def _chat_id(published: Mapping[str, Any]) -> str:
    """The id of the chat notification about the same: the finding's, or the kind of summary and its first finding's."""
    if published["type"] == FINDING:
        return plain(published["id"])
    first: Mapping[str, Any] = next(iter(published["findings"]), {})
    return plain(f"{published['type']}-{first.get('id', '')}")
