"""Settings for the alarms about Flowsentry itself: who else gets them, where the runbook is, surges, and the budget."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from stacks.settings.excerpts import cut
from stacks.settings.values import NAMED_ONCE, Email, Section, VpcId

TopicArn = Annotated[
    str,
    Field(
        pattern=r"^(|arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256})$",
        title='"" for none, or the ARN of a topic',
        examples=["arn:aws:sns:eu-west-1:123456789012:on-call"],
    ),
]
RunbookUrl = Annotated[
    str,
    Field(
        pattern=r"^(|https://[A-Za-z0-9._~:/?&=%+@-]{1,150})$",
        title='"" for none, or an address that begins with https:// and has at most 158 characters',
        examples=["https://git.example.com/network/flowsentry/docs/runbook.md"],
    ),
]
BUDGET_READERS = 10
"""E-mail addresses of a notification of AWS Budgets.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html"""


class AlarmSettings(Section):
    """Alarms about Flowsentry itself, sent to the topic of alerts. [The runbook](runbook.md) has an entry for each."""

    operator_emails: Annotated[tuple[Email, ...], NAMED_ONCE] = ()
    """Addresses that get the two alarms `watch-broken` and `people-not-told` through a topic of their own, and nothing
    else: who looks after Flowsentry, and finds out that alerts do not arrive even where the topic of alerts is the
    reason. Each must confirm the e-mail that SNS sends. None: these two alarms go to the topic of alerts only."""
    on_call_topic_arn: TopicArn = ""
    """A topic of yours in the same account and Region that gets the same two alarms, such as that of an on-call
    service. Its policy, and that of its key, must admit `cloudwatch.amazonaws.com`. It shares nothing with the app's
    topics."""
    runbook_url: RunbookUrl = ""
    """Where your people read [the runbook](runbook.md): the description of each alarm ends with this address and the
    alarm's entry, as a link. Empty: it ends with `docs/runbook.md` and the entry. The first query, the usual cause and
    how to silence the alarm are in the description either way."""
    reject_surge_alarms: int = Field(default=10, ge=0, le=100)
    """At most so many VPCs have an alarm that is raised when far more flows are rejected than CloudWatch's anomaly
    detection expects at that time of the week; $0.30 a month each. Fewer: the last VPCs in the order of their IDs have
    none. 0: none."""
    reject_surge_vpc_ids: Annotated[tuple[VpcId, ...], NAMED_ONCE] = Field(default=(), max_length=100)
    """The VPCs that have this alarm. Empty: those whose flow logs the app creates one by one, since those of
    `all_vpcs`, of member accounts and of existing log groups and buckets are known only from their records. Name such
    a VPC here."""
    monthly_budget_dollars: int = Field(default=0, ge=0, le=100_000)
    """AWS Budgets sends an e-mail when what has the tag `application` of this deployment costs more in a month, or is
    forecast to. It goes to `operator_emails`, or to `alert_emails` without these, and costs nothing. Activate the tag
    [as a cost allocation tag](runbook.md#cost-budget) first. 0: no budget."""


def broken_rules_of_readers(alerts: Sequence[str], alarms: AlarmSettings) -> Iterator[str]:
    """Addresses that would get two e-mails about one thing, and a budget that nobody reads, or more than AWS allows."""
    if twice := sorted(set(alerts) & set(alarms.operator_emails)):
        yield (
            f"{cut(', '.join(twice))} is in alert_emails and operator_emails; allowed: in one of them, because "
            "alert_emails get the same two alarms"
        )
    readers = alarms.operator_emails or alerts
    if alarms.monthly_budget_dollars and not 1 <= len(readers) <= BUDGET_READERS:
        yield (
            f"monthly_budget_dollars is {alarms.monthly_budget_dollars} and {len(readers)} addresses would get its "
            f"e-mail; allowed: 1 to {BUDGET_READERS} in operator_emails, or in alert_emails without these"
        )
