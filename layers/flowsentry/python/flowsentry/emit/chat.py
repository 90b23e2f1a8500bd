"""Chat notifications: the custom notifications of Amazon Q Developer, which shows them in Slack and Teams.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import field

from flowsentry.emit.plain_text import plain
from flowsentry.value import Value

MAX_ID_LETTERS = 128
MAX_TITLE_LETTERS = 250
MAX_DESCRIPTION_LETTERS = 3_000
"""Slack takes 3,000 in a section: https://docs.slack.dev/reference/block-kit/blocks/section-block."""
MAX_LINE_LETTERS = 500
MAX_STEPS, MAX_STEP_LETTERS = 10, 350
MAX_WORDS, MAX_WORD_LETTERS = 10, 75
MAX_LETTERS_OF_ESCAPE = 5
"""The longest escape sequence, `&amp;`."""

_MARKS = str.maketrans({"*": "∗", "~": "∼", "`": "'", "@": "＠"})  # noqa: RUF001
_EDGE_UNDERLINE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


class Chat(Value, frozen=True, kw_only=True):
    """The content of a notification. Everything but `link` may contain untrusted text."""

    id: str
    thread: str
    kind: str
    title: str
    lines: Sequence[str]
    link: str = ""
    steps: Sequence[str] = ()
    keywords: Sequence[str] = ()
    resources: Sequence[str] = ()
    context: Mapping[str, str] = field(default_factory=dict)


def chat_notification(chat: Chat) -> str:
    """The notification as JSON. Notifications with the same thread are shown in one thread."""
    title = _fitted(chat.title, MAX_TITLE_LETTERS)
    notification = {
        "version": "1.0",
        "source": "custom",
        "id": plain(chat.id, MAX_ID_LETTERS),
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": _description(chat) or title,
            "nextSteps": [_fitted(step, MAX_STEP_LETTERS) for step in chat.steps[:MAX_STEPS]],
            "keywords": _words(chat.keywords),
        },
        "metadata": {
            "threadId": plain(chat.thread or chat.id, MAX_ID_LETTERS),
            "summary": title,
            "eventType": plain(chat.kind, MAX_WORD_LETTERS),
            "relatedResources": _words(chat.resources),
            "additionalContext": {name: plain(value) for name, value in chat.context.items() if plain(value)},
        },
    }
    return json.dumps(notification, sort_keys=True)


def chat_text(text: str) -> str:
    """The text without markdown: nothing becomes bold, code, a link or a mention. The control characters of Slack are
    escaped (https://docs.slack.dev/messaging/formatting-message-text); characters that neither Slack nor Teams can
    escape are replaced by similar ones.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("](", "] (")
    return _EDGE_UNDERLINE.sub("＿", escaped.translate(_MARKS))  # noqa: RUF001


def _fitted(text: str, limit: int) -> str:
    """Escaped and at most `limit` letters; an escape sequence is never cut."""
    shown = chat_text(plain(text, limit))
    return shown if len(shown) <= limit else chat_text(plain(text, limit // MAX_LETTERS_OF_ESCAPE))


def _description(chat: Chat) -> str:
    link = f"<{chat.link}>" if chat.link else ""
    room = MAX_DESCRIPTION_LETTERS - len(link) - 1
    lines = _within((_fitted(line, MAX_LINE_LETTERS) for line in chat.lines), room)
    return "\n".join([*lines, *([link] if link else [])])


def _within(lines: Iterator[str], room: int) -> Iterator[str]:
    """The first lines, as many as fit."""
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _words(words: Sequence[str]) -> list[str]:
    named = dict.fromkeys(_fitted(word, MAX_WORD_LETTERS) for word in words)
    return [word for word in named if word][:MAX_WORDS]
