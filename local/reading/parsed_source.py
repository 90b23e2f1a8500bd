"""Reads the records of one source of flow logs, for the commands that store nothing."""

from collections.abc import Iterator, Sequence

from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.decode import object_texts
from flowsentry.frames import Parsed, RejectedLines
from flowsentry.parse import parse_chunk, unreadable
from local.log_files import LogSource


def parsed_chunks(source: LogSource, log_formats: Sequence[str]) -> Iterator[Parsed]:
    """The parsed lines of a source, chunk by chunk. `log_formats` are those that lines without a header may have.

    Raises PoisonError after the chunks of a source that was cut off, or of which most lines are no records, and OSError
    if it can't be read.
    """
    lines, rejected = 0, RejectedLines()
    for chunk in object_texts(source.blocks(), log_formats, tried):
        for parsed in parse_chunk(chunk):
            lines += parsed.lines
            rejected.add(parsed.rejected)
            yield parsed
    if trouble := unreadable(lines, rejected):
        raise trouble
