"""Excerpts of settings for errors: one line each, of bounded length, without control characters."""

import json

MAX_LETTERS = 200
"""Of a key or a value in an error. More: a long list hides the sentence around it. Less: the value is not recognised.
"""


def shown(value: object) -> str:
    """The value in JSON, cut."""
    return cut(json.dumps(value))


def cut(text: str) -> str:
    """The first letters of a text, escaped."""
    return escaped(text if len(text) <= MAX_LETTERS else f"{text[:MAX_LETTERS]}…")


def escaped(text: str) -> str:
    r"""The text with control characters, line breaks and marks of writing direction as in JSON (`\u202e`)."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
