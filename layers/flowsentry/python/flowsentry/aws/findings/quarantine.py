"""Items of the outbox that no message can be made of: counted, logged, taken out of it, and in nobody's way."""

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import Entry, Item, entry_of
from flowsentry.aws.findings.table import FindingTable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.telemetry import count_by, logger

POISON = "poison"
"""What `untold` says of them. They stay in the table, for whoever looks into it."""


def fit_entries(findings: FindingTable, items: Iterable[Item], where: str) -> Iterator[Entry]:
    """Those that are findings; the others are set aside."""
    for item in items:
        try:
            yield entry_of(item)
        except PoisonError as error:
            set_aside(findings, str(item.get("id", {}).get("S", "")), where, error)


def set_aside(findings: FindingTable, finding_id: str, where: str, error: PoisonError) -> None:
    """Raises nothing: where the table can't be written, it is set aside when it is met again."""
    count_by("PoisonFindings", {where: 1})
    logger().error("poison finding", extra={"finding": finding_id, "where": where, "error": str(error)})
    if not finding_id:
        return
    try:
        findings.mark_untold(finding_id, POISON)
    except (RetryableError, ClientError) as mark_error:
        logger().error("poison finding not set aside", extra={"finding": finding_id, "error": str(mark_error)})
