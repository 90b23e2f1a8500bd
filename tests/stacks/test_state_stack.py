"""Tables, topic and output bucket."""

from collections.abc import Callable
from typing import Any

import pytest

Every = Callable[[str], dict[str, Any]]


def table(every: Every, name: str) -> dict[str, Any]:
    (found,) = [each for id_, each in every("AWS::DynamoDB::Table").items() if id_.startswith(f"Tables{name}")]
    return dict(found)


@pytest.mark.parametrize(
    ("name", "keys", "expiry"),
    [
        ("Evidence", [("source", "HASH"), ("day", "RANGE")], "expires_at"),
        ("Findings", [("id", "HASH")], "expires_at"),
        ("Idempotency", [("id", "HASH")], "expiration"),
    ],
)
def test_a_table_has_its_keys_and_forgets(every: Every, name: str, keys: list[tuple[str, str]], expiry: str) -> None:
    made = table(every, name)
    assert [(key["AttributeName"], key["KeyType"]) for key in made["KeySchema"]] == keys
    assert made["TimeToLiveSpecification"] == {"AttributeName": expiry, "Enabled": True}


def test_every_table_is_on_demand_encrypted_and_recoverable(every: Every) -> None:
    for made in every("AWS::DynamoDB::Table").values():
        assert made["BillingMode"] == "PAY_PER_REQUEST"
        assert made["SSESpecification"] == {"SSEEnabled": True}
        assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_findings_table_is_an_outbox(every: Every) -> None:
    """Its stream tells of new findings; its index holds those that nobody has been told of, oldest first."""
    made = table(every, "Findings")
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    (index,) = made["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "unpublished"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["unpublished", "found_at"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_alarms_may_use_the_topic_and_its_key(every: Every) -> None:
    (key,), (policy,) = every("AWS::KMS::Key").values(), every("AWS::SNS::TopicPolicy").values()
    for document, action in ((key["KeyPolicy"], "kms:GenerateDataKey*"), (policy["PolicyDocument"], "sns:Publish")):
        (allowed,) = [s for s in document["Statement"] if "cloudwatch.amazonaws.com" in str(s.get("Principal"))]
        assert action in allowed["Action"]
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_topic_is_encrypted_with_a_key_that_rotates(every: Every) -> None:
    (id_, key), *_ = every("AWS::KMS::Key").items()
    (topic,) = every("AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [id_, "Arn"]}
    assert key["EnableKeyRotation"] is True


def test_each_address_is_subscribed(every: Every) -> None:
    (subscription,) = every("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "people@example.com")


def test_enriched_records_and_rejected_lines_expire_and_the_inventory_does_not(every: Every) -> None:
    (output,) = [each for id_, each in every("AWS::S3::Bucket").items() if id_.startswith("Output")]
    expiry = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in output["LifecycleConfiguration"]["Rules"]}
    assert expiry == {None: None, "enriched/": 90, "rejected/": 30}
