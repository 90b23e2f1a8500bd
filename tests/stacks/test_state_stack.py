"""Tables, topics and output bucket."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowsentry.findings.finding import Audience
from flowsentry.findings.suppressions import Suppressions
from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from tests.stacks.conftest import VPC, Synthesise

SOURCE = {"vpc_ids": [VPC], "destination": "cloudwatch"}
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
    """Its stream tells of new findings; one index holds those that nobody has been told of, oldest first, the other
    what is about the same thing on different days.
    """
    made = table(every, "Findings")
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    indexes = {each["IndexName"]: each for each in made["GlobalSecondaryIndexes"]}
    keys = {name: [key["AttributeName"] for key in each["KeySchema"]] for name, each in indexes.items()}
    assert keys == {"unpublished": ["unpublished", "found_at"], "by_thread": ["thread", "found_at"]}
    assert {each["Projection"]["ProjectionType"] for each in indexes.values()} == {"ALL"}


def topics(every: Every) -> dict[str, Any]:
    """Topics by the part of their id that says whose they are."""
    named = {id_.removeprefix("Alerts").partition("Topic")[0]: each for id_, each in every("AWS::SNS::Topic").items()}
    assert len(named) == len(every("AWS::SNS::Topic"))
    return named


def test_alarms_may_use_the_urgent_topic_and_the_key(every: Every) -> None:
    (key,) = every("AWS::KMS::Key").values()
    (policy,) = [each for id_, each in every("AWS::SNS::TopicPolicy").items() if id_.startswith("AlertsTopic")]
    for document, action in ((key["KeyPolicy"], "kms:GenerateDataKey*"), (policy["PolicyDocument"], "sns:Publish")):
        (allowed,) = [s for s in document["Statement"] if "cloudwatch.amazonaws.com" in str(s.get("Principal"))]
        assert action in allowed["Action"]
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_every_topic_is_encrypted_with_one_key_that_rotates_and_is_reached_by_tls_only(every: Every) -> None:
    (id_, key), *_ = every("AWS::KMS::Key").items()
    assert set(topics(every)) == {"", "Digest", "Chat"}
    assert all(each["KmsMasterKeyId"] == {"Fn::GetAtt": [id_, "Arn"]} for each in topics(every).values())
    assert key["EnableKeyRotation"] is True
    policies = every("AWS::SNS::TopicPolicy").values()
    assert len([each for each in policies if '"aws:SecureTransport": "false"' in json.dumps(each)]) == 3


def test_digests_have_readers_of_their_own_on_a_topic_of_their_own(every: Every) -> None:
    told = {each["Endpoint"]: each for each in every("AWS::SNS::Subscription").values()}
    assert {each["Protocol"] for each in told.values()} == {"email"}
    assert told["people@example.com"]["TopicArn"]["Ref"].startswith("AlertsTopic")
    assert told["readers@example.com"]["TopicArn"]["Ref"].startswith("AlertsDigestTopic")
    assert all("FilterPolicy" not in each for each in told.values())


def test_on_one_topic_digests_are_filtered_by_the_attribute_that_messages_have(synthesise: Synthesise) -> None:
    emails = {"alert_emails": ["people@example.com"], "digest_emails": ["readers@example.com"]}
    state = synthesise({"sources": [SOURCE], **emails})["State"]["Resources"].values()
    subscriptions = [each["Properties"] for each in state if each["Type"] == "AWS::SNS::Subscription"]
    filters = {each["Endpoint"]: each.get("FilterPolicy") for each in subscriptions}
    assert filters == {"people@example.com": None, "readers@example.com": {"audience": [Audience.DIGEST.value]}}
    assert len([each for each in state if each["Type"] == "AWS::SNS::Topic"]) == 1


def test_a_slack_channel_shows_what_it_is_told_and_may_do_nothing(every: Every) -> None:
    (channel,) = every("AWS::Chatbot::SlackChannelConfiguration").values()
    assert [each["Ref"].startswith("AlertsChatTopic") for each in channel["SnsTopicArns"]] == [True]
    assert "AWSDenyAll" in json.dumps(channel["GuardrailPolicies"])
    role_id = channel["IamRoleArn"]["Fn::GetAtt"][0]
    role = every("AWS::IAM::Role")[role_id]
    assert (role.get("Policies"), role.get("ManagedPolicyArns")) == (None, None)
    assert role_id not in json.dumps(every("AWS::IAM::Policy"))


def test_suppressions_begin_as_a_parameter_of_the_users_and_the_research_scanners(every: Every) -> None:
    parameters = {each["Name"]: each["Value"] for each in every("AWS::SSM::Parameter").values()}
    first = Suppressions.of_json(parameters["/flowsentry/suppressions"])
    assert [each.reason for each in first.entries if each.is_enabled] == ["our scanner"]
    assert len(first.entries) > 1


def rules(every: Every) -> dict[str | None, dict[str, Any]]:
    (output,) = [each for id_, each in every("AWS::S3::Bucket").items() if id_.startswith("Output")]
    return {rule.get("Prefix"): rule for rule in output["LifecycleConfiguration"]["Rules"]}


def test_enriched_records_rejected_lines_and_answers_expire_and_the_inventory_does_not(every: Every) -> None:
    expiry = {prefix: rule["ExpirationInDays"] for prefix, rule in rules(every).items() if "ExpirationInDays" in rule}
    assert expiry == {"enriched/": 90, "rejected/": 30, "athena-results/": 7}


def test_suppressions_keep_their_versions_and_what_is_written_again_and_again_does_not(every: Every) -> None:
    (output,) = [each for id_, each in every("AWS::S3::Bucket").items() if id_.startswith("Output")]
    assert output["VersioningConfiguration"] == {"Status": "Enabled"}
    kept = {prefix: rule.get("NoncurrentVersionExpiration") for prefix, rule in rules(every).items()}
    versions = {prefix: days["NoncurrentDays"] for prefix, days in kept.items() if days}
    assert versions == {
        **dict.fromkeys(("enriched/", "rejected/", "athena-results/", INVENTORY_KEY, CLAIMS_KEY), 1),
        SUPPRESSIONS_KEY: 365,
    }
    assert rules(every)[None]["ExpiredObjectDeleteMarker"] is True


def test_other_buckets_keep_no_versions(every: Every) -> None:
    others = [each for id_, each in every("AWS::S3::Bucket").items() if not id_.startswith("Output")]
    assert others
    assert all("VersioningConfiguration" not in each for each in others)
