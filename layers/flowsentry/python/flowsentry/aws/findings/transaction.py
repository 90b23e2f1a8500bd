"""Puts many new findings in one transaction, all of them or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import Item
from flowsentry.aws.service_errors import code_of
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEAST_ITEMS = 10
"""Findings of a part from which they are put in transactions. Fewer: a call for each is cheaper, since a transaction
costs twice the write units of the table, though not of its indexes. More: ordinary batches, which have a few findings,
pay for what only floods need."""
MOST_ITEMS = 25
"""Items of a transaction; DynamoDB allows 100 and 4 MB. More: when one of them is known already, more are put again one
by one. Fewer: more calls.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
_THROTTLED = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})
"""Reasons of a cancelled transaction, on the same page: its items one by one would be throttled too."""


def in_transactions(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings, each id once, in parts that are put together: single ones where there are few."""
    by_id: dict[str, Finding] = {}
    for each in findings:
        by_id.setdefault(each.id, each)
    distinct, size = list(by_id.values()), MOST_ITEMS if len(by_id) >= LEAST_ITEMS else 1
    return [distinct[start : start + size] for start in range(0, len(distinct), size)]


def are_put(table_name: str, client: "DynamoDBClient", items: Sequence[Item]) -> bool:
    """Whether none of the items was there and all are now; otherwise nothing was written: one was there, or another
    call writes one of them right now. Needs the permission for PutItem. Raises RetryableError while the table
    throttles, and ClientError for any other failure.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    puts: Any = [
        {"Put": {"TableName": table_name, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}}
        for item in items
    ]
    try:
        client.transact_write_items(TransactItems=puts)
    except ClientError as error:
        if code_of(error) != "TransactionCanceledException":
            raise
        if _THROTTLED & {each.get("Code") for each in error.response.get("CancellationReasons", [])}:
            raise RetryableError("could not put findings: the table throttles") from error
        return False
    return True
