"""Makes the digest due and sends it, so that the demo need not wait for the window of the digest."""

import time
from collections.abc import Callable, Iterator

from flowsentry.aws.findings.item import Entry, entry_of, is_bookkeeping
from flowsentry.findings.finding import Audience
from local.aws.embedded import EmbeddedAws
from local.demo.account import DIGEST_MINUTES

QUIET_SECONDS = 300


def send_digest(aws: EmbeddedAws, say: Callable[[str], None]) -> None:
    """Fires the notifier's schedule as if the window of the digest had passed, and waits until the digest is sent.

    The findings are dated back by the window; the functions have the clock of this machine, which cannot be moved.
    """
    entries = entries_of_digest(aws)
    say(f"dating {len(entries)} findings back by a minute, so that their digest is sent without a wait")
    client, table = aws.client("dynamodb"), findings_table(aws)
    for entry in entries:
        client.update_item(
            TableName=table,
            Key={"id": {"S": entry.finding.id}},
            UpdateExpression="SET waiting_since = :since",
            ExpressionAttributeValues={":since": {"N": str(_earlier(entry))}},
        )
    aws.fire_schedules()
    aws.wait_until_quiet(QUIET_SECONDS)


def entries_of_digest(aws: EmbeddedAws) -> list[Entry]:
    """The findings for the digest, in the order of the table."""
    entries = (entry_of(item) for item in _items(aws) if not is_bookkeeping(item))
    return [entry for entry in entries if entry.finding.audience is Audience.DIGEST]


def findings_table(aws: EmbeddedAws) -> str:
    """The name of the findings table."""
    return str(next(name for name in aws.client("dynamodb").list_tables()["TableNames"] if "Findings" in name))


def _earlier(entry: Entry) -> int:
    return min(entry.waiting_since, int(time.time())) - 60 * DIGEST_MINUTES


def _items(aws: EmbeddedAws) -> Iterator[dict[str, object]]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=findings_table(aws))
    return (item for page in pages for item in page["Items"])
