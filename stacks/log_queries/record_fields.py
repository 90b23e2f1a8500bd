"""How a query of Logs Insights names the fields of flow log records, by their log format."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from flowsentry.records.fields import (
    BY_NAME,
    DEFAULT_LOG_FORMAT,
    DEFAULT_NAMES,
    column_of,
    is_of_transit_gateway,
    names_in_log_format,
)

DISCOVERED_NAMES = {
    **dict(zip(DEFAULT_NAMES, DEFAULT_NAMES, strict=True)),
    "account-id": "accountId",
    "interface-id": "interfaceId",
    "srcaddr": "srcAddr",
    "dstaddr": "dstAddr",
    "srcport": "srcPort",
    "dstport": "dstPort",
    "start": "startTime",
    "end": "endTime",
    "log-status": "logStatus",
}
"""The fields that Logs Insights discovers in records of the default format, and only in those.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
https://repost.aws/knowledge-center/cloudwatch-vpc-flow-logs"""


def quoted(text: str) -> str:
    """The text as a constant of a query: it can't end the constant, whatever is in it."""
    kept = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{kept}"'


@dataclass(frozen=True)
class RecordFields:
    """The fields of one log format: their names, as AWS writes them, in the order of the values; and the commands with
    which a query begins, which give it those fields.
    """

    names: tuple[str, ...]
    discovered: bool
    prelude: tuple[str, ...]

    @classmethod
    def of(cls, log_format: str, others: Collection[str] = ()) -> "RecordFields | None":
        """The fields of a format, in a log group that may have records of `others` too. None if another format has as
        many fields: nothing in a record tells which of the two it has.

        Where there are others, a record with fewer fields than the pattern has none of them, and one with more has the
        rest of the line in the last field.
        """
        names = names_in_log_format(log_format)
        if log_format == DEFAULT_LOG_FORMAT and not others:
            return cls(names, discovered=True, prelude=())
        if len(names) in {len(names_in_log_format(other)) for other in others}:
            return None
        prelude = (_parse(names), *([_only_whole_lines(names)] if others else []))
        return cls(names, discovered=False, prelude=prelude)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> str:
        """How a query names a field of the format. Raises KeyError for any other."""
        if name not in self.names:
            raise KeyError(name)
        return DISCOVERED_NAMES[name] if self.discovered else column_of(name)

    def first(self, *names: str) -> str:
        """How a query names the first of these fields that the format has. Raises KeyError if it has none."""
        return self[next((name for name in names if name in self.names), names[0])]

    def present(self, *names: str) -> list[str]:
        """How a query names those of these fields that the format has."""
        return [self[name] for name in names if name in self.names]

    @property
    def is_of_transit_gateway(self) -> bool:
        return is_of_transit_gateway(map(column_of, self.names))


def _parse(names: Sequence[str]) -> str:
    """The command that takes a line apart: as many wildcards as fields.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html
    """
    wildcards = " ".join("*" for _ in names)
    return f"parse @message {quoted(wildcards)} as {', '.join(_aliases(names))}"


def _aliases(names: Sequence[str]) -> Iterator[str]:
    """A name for each value. A field that this version does not know could be called like a word of the language, and
    no query needs it, so it is called by its position.
    """
    yield from (column_of(name) if name in BY_NAME else f"unknown_{at}" for at, name in enumerate(names, 1))


def _only_whole_lines(names: Sequence[str]) -> str:
    last = [*_aliases(names)][-1]
    return f'filter ispresent({last}) and {last} not like " "'
