"""A chain of edits of a deployed app, each an update of all its stacks: none fails, and no delivery is lost.

tests/end_to_end/test_edits_as_updates.py makes more edits of the flow logs stack alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.aws.deployment.assembly import deploy_assembly, deployed_stacks
from tests.examples.account import Account, started
from tests.examples.conftest import Synthesise
from tests.examples.deliveries import Deliveries, Destination

A, B, C, D = (f"vpc-0000000{letter}" for letter in "abcd")
SUBNET, GATEWAY = "subnet-0000000e", "tgw-0000000f"
GROUP, BUCKET = "/network/flow-logs", "network-archive"
EXISTING = {"existing_log_groups": [{"name": GROUP}], "existing_buckets": [{"name": BUCKET}]}
READ = {Destination(log_group=GROUP), Destination(bucket=BUCKET, prefix="network/")}
"""Where others deliver to the existing log group and bucket."""
Settings = Mapping[str, Any]


def logs(*vpc_ids: str, **more: Any) -> dict[str, Any]:
    return {"vpc_ids": [*vpc_ids], "destination": "cloudwatch", "kinesis": False, **more}


def s3(*vpc_ids: str, **more: Any) -> dict[str, Any]:
    return {"vpc_ids": [*vpc_ids], "destination": "s3", **more}


def of(*sources: dict[str, Any], **others: Any) -> Settings:
    return {"sources": [*sources], "alert_emails": ["you@example.com"], **others}


OLD = logs(A, B, draining=True)
ARCHIVED = s3(C, file_format="parquet", hive_partitions=True, retention_days=400)
FIRST = of(logs(A, B), s3(C))
EDITS: dict[str, Settings] = {
    "a VPC is added": of(logs(A, B, D), s3(C)),
    "sources and VPCs are reordered": of(s3(C), logs(D, B, A)),
    "a source is split and both are named": of(s3(C), logs(D, name="one"), logs(B, A, name="two")),
    "a VPC moves to another source": of(s3(C), logs(D, A, name="one"), logs(B, name="two")),
    "sources are merged and a VPC is dropped": of(logs(A, B), s3(C)),
    "another format, and the old log group drains": of(logs(A, B, log_format="default"), OLD, s3(C)),
    "the drained log group is left": of(logs(A, B, log_format="default"), s3(C)),
    "back to the format whose log group was left": of(logs(A, B), s3(C)),
    "another traffic type and interval in S3": of(
        logs(A, B), s3(C, traffic_type="REJECT", max_aggregation_seconds=600)
    ),
    "Parquet and Hive-compatible keys": of(logs(A, B), s3(C, file_format="parquet", hive_partitions=True)),
    "retention in S3": of(logs(A, B), ARCHIVED),
    "a subnet takes the place of its VPC": of(logs(A, subnet_ids=[SUBNET], inside=[B]), ARCHIVED),
    "a transit gateway is added": of(logs(A, subnet_ids=[SUBNET], inside=[B], transit_gateway_ids=[GATEWAY]), ARCHIVED),
    "the transit gateway is left": of(logs(A, B), ARCHIVED),
    "through the data stream": of(logs(A, B, kinesis=True, retention_days=7, tags={"team": "x"}), ARCHIVED),
    "back from the data stream, which is read on": of(logs(A, B, draining_kinesis=True), ARCHIVED),
    "from log groups to S3, and the log group drains": of(s3(A, B), OLD, ARCHIVED),
    "from S3 to log groups": of(logs(A, B), ARCHIVED),
    "existing flow logs are added": of(logs(A, B), ARCHIVED, **EXISTING),
    "longer timeouts and less memory": of(
        *(logs(A, B), ARCHIVED),
        **EXISTING,
        object_processor={"timeout_seconds": 600, "max_concurrency": 5},
        stream_processor={"memory_mb": 512, "timeout_seconds": 30},
    ),
    "an organization delivers, digests have a topic": of(
        logs(A, B), ARCHIVED, **EXISTING, organization_id="o-exampleorgid", digest_topic=True, chat_topic=True
    ),
    "a customer key encrypts everything": of(logs(A, B), ARCHIVED, **EXISTING, customer_key=True),
    "back to keys of AWS": of(logs(A, B), ARCHIVED, **EXISTING),
    "another path for the roles": of(logs(A, B), ARCHIVED, **EXISTING, role_path="/network/"),
}
LEFT = {
    "back to the format whose log group was left",
    "the transit gateway is left",
    "another path for the roles",
}
"""Edits that delete a flow log whose log group they do not leave draining. Its last records stay there, unread."""


@pytest.fixture(scope="module")
def deliveries(synthesise: Synthesise) -> Iterator[Deliveries]:
    """An account in which the app is deployed with the first settings."""
    with started() as account:
        for settings in (FIRST, *EDITS.values()):
            account.create(settings)
        deploy_assembly(account.aws, synthesise("first", {"flowsentry": FIRST}))
        yield Deliveries(account)


@pytest.mark.deploy
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_an_update_that_does_not_fail_and_loses_no_delivery(
    deliveries: Deliveries, synthesise: Synthesise, name: str
) -> None:
    """A flow log delivers before the update, after each stack of it, and late, minutes after it was deleted. A new one
    begins minutes after it was created, when the update is done.
    """
    account, first = deliveries.account, len(deliveries.sent)
    folder = synthesise(name.replace(" ", "-"), {"flowsentry": EDITS[name]})
    old = deliveries.destinations() | others(account)
    deliveries.to(old)
    for _stack in deployed_stacks(account.aws, folder):
        deliveries.to(old)
    deliveries.to(old | deliveries.destinations() | others(account))
    sent = dict([*deliveries.sent.items()][first:])
    counts = deliveries.processed()
    unread = {mark: each.log_group for mark, each in sent.items() if not counts[mark]}
    assert {mark: counts[mark] for mark in sent if counts[mark] > 1} == {}
    assert bool(unread) == (name in LEFT)
    assert [mark for mark, group in unread.items() if not group or mark not in deliveries.stored(group)] == []
    assert account.aws.failures() == []


def others(account: Account) -> set[Destination]:
    """Where others deliver, if the app reads it."""
    groups = account.aws.client("logs").describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    return READ if groups else set()
