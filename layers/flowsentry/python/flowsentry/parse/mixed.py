"""Lines of one of several formats -> typed records of each."""

from collections.abc import Iterator

from flowsentry.frames import MixedText, Parsed


def told_apart(mixed: MixedText) -> Iterator[Parsed]:
    """What became of the lines, one for each format that any of them has."""
    raise NotImplementedError(mixed)
