"""The tables, topics and output bucket of the state stack."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowsentry.findings.finding import Audience
from flowsentry.findings.suppressions import Suppressions
from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from tests.stacks.conftest import VPC, Synthesise

SOURCE = {"vpc_ids": [VPC], "destination": "cloudwatch"}
PropertiesOf = Callable[[str], dict[str, Any]]


def table(properties_of: PropertiesOf, name: str) -> dict[str, Any]:
    (found,) = [each for id_, each in properties_of("AWS::DynamoDB::Table").items() if id_.startswith(f"Tables{name}")]
    return dict(found)


@pytest.mark.parametrize(
    ("name", "keys", "expiry"),
    [
        ("Evidence", [("source", "HASH"), ("day", "RANGE")], "expires_at"),
        ("Findings", [("id", "HASH")], "expires_at"),
        ("Idempotency", [("id", "HASH")], "expiration"),
    ],
)
def test_a_table_has_its_keys_and_a_time_to_live(
    properties_of: PropertiesOf, name: str, keys: list[tuple[str, str]], expiry: str
) -> None:
    made = table(properties_of, name)
    assert [(key["AttributeName"], key["KeyType"]) for key in made["KeySchema"]] == keys
    assert made["TimeToLiveSpecification"] == {"AttributeName": expiry, "Enabled": True}


def test_every_table_is_on_demand_encrypted_and_recoverable(properties_of: PropertiesOf) -> None:
    for made in properties_of("AWS::DynamoDB::Table").values():
        assert made["BillingMode"] == "PAY_PER_REQUEST"
        assert made["SSESpecification"] == {"SSEEnabled": True}
        assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_findings_table_has_a_stream_and_its_indexes(properties_of: PropertiesOf) -> None:
    """One index has the findings that were not sent, oldest first, the other the related findings of different days."""
    made = table(properties_of, "Findings")
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    indexes = {each["IndexName"]: each for each in made["GlobalSecondaryIndexes"]}
    keys = {name: [key["AttributeName"] for key in each["KeySchema"]] for name, each in indexes.items()}
    assert keys == {"unpublished": ["unpublished", "found_at"], "by_thread": ["thread", "found_at"]}
    assert {each["Projection"]["ProjectionType"] for each in indexes.values()} == {"ALL"}


def topics(properties_of: PropertiesOf) -> dict[str, Any]:
    """Topics by the part of their id that names the audience."""
    named = {
        id_.removeprefix("Alerts").partition("Topic")[0]: each for id_, each in properties_of("AWS::SNS::Topic").items()
    }
    assert len(named) == len(properties_of("AWS::SNS::Topic"))
    return named


def test_alarms_of_this_account_may_use_the_urgent_topic_and_the_key(properties_of: PropertiesOf) -> None:
    (key,) = properties_of("AWS::KMS::Key").values()
    (policy,) = [each for id_, each in properties_of("AWS::SNS::TopicPolicy").items() if id_.startswith("AlertsTopic")]
    for document, action in ((key["KeyPolicy"], "kms:GenerateDataKey*"), (policy["PolicyDocument"], "sns:Publish")):
        (allowed,) = [s for s in document["Statement"] if "cloudwatch.amazonaws.com" in str(s.get("Principal"))]
        assert action in allowed["Action"]
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_alarms_of_this_account_may_use_the_topic_of_operators(properties_of: PropertiesOf) -> None:
    policies = properties_of("AWS::SNS::TopicPolicy").items()
    (policy,) = [each["PolicyDocument"] for id_, each in policies if id_.startswith("AlertsOperatorTopic")]
    (allowed,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_every_topic_requires_tls_and_is_encrypted_with_one_rotating_key(
    properties_of: PropertiesOf,
) -> None:
    (id_, key), *_ = properties_of("AWS::KMS::Key").items()
    assert set(topics(properties_of)) == {"", "Digest", "Chat", "Operator"}
    assert all(each["KmsMasterKeyId"] == {"Fn::GetAtt": [id_, "Arn"]} for each in topics(properties_of).values())
    assert key["EnableKeyRotation"] is True
    policies = properties_of("AWS::SNS::TopicPolicy").values()
    assert len([each for each in policies if '"aws:SecureTransport": "false"' in json.dumps(each)]) == 4


def test_digest_readers_and_operators_are_subscribed_to_topics_of_their_own(
    properties_of: PropertiesOf,
) -> None:
    actual = {each["Endpoint"]: each for each in properties_of("AWS::SNS::Subscription").values()}
    assert {each["Protocol"] for each in actual.values()} == {"email"}
    assert actual["people@example.com"]["TopicArn"]["Ref"].startswith("AlertsTopic")
    assert actual["readers@example.com"]["TopicArn"]["Ref"].startswith("AlertsDigestTopic")
    assert actual["operators@example.com"]["TopicArn"]["Ref"].startswith("AlertsOperatorTopic")
    assert all("FilterPolicy" not in each for each in actual.values())


def test_without_a_digest_topic_digest_readers_have_a_filter_on_the_audience(synthesise: Synthesise) -> None:
    emails = {"alert_emails": ["people@example.com"], "digest_emails": ["readers@example.com"]}
    state = synthesise({"sources": [SOURCE], **emails})["State"]["Resources"].values()
    subscriptions = [each["Properties"] for each in state if each["Type"] == "AWS::SNS::Subscription"]
    filters = {each["Endpoint"]: each.get("FilterPolicy") for each in subscriptions}
    assert filters == {"people@example.com": None, "readers@example.com": {"audience": [Audience.DIGEST.value]}}
    assert len([each for each in state if each["Type"] == "AWS::SNS::Topic"]) == 1


def test_a_slack_channel_receives_the_chat_topic_and_has_no_permissions(properties_of: PropertiesOf) -> None:
    (channel,) = properties_of("AWS::Chatbot::SlackChannelConfiguration").values()
    assert [each["Ref"].startswith("AlertsChatTopic") for each in channel["SnsTopicArns"]] == [True]
    assert "AWSDenyAll" in json.dumps(channel["GuardrailPolicies"])
    role_id = channel["IamRoleArn"]["Fn::GetAtt"][0]
    role = properties_of("AWS::IAM::Role")[role_id]
    assert (role.get("Policies"), role.get("ManagedPolicyArns")) == (None, None)
    assert role_id not in json.dumps(properties_of("AWS::IAM::Policy"))


def test_the_first_suppressions_are_those_of_the_settings_and_the_research_scanners(
    properties_of: PropertiesOf,
) -> None:
    parameters = {each["Name"]: each["Value"] for each in properties_of("AWS::SSM::Parameter").values()}
    first = Suppressions.of_json(parameters["/flowsentry/suppressions"])
    assert [each.reason for each in first.entries if each.is_enabled] == ["our scanner"]
    assert len(first.entries) > 1


def rules(properties_of: PropertiesOf) -> dict[str | None, dict[str, Any]]:
    (output,) = [each for id_, each in properties_of("AWS::S3::Bucket").items() if id_.startswith("Output")]
    return {rule.get("Prefix"): rule for rule in output["LifecycleConfiguration"]["Rules"]}


def test_enriched_records_rejected_lines_and_query_results_expire_and_the_inventory_does_not(
    properties_of: PropertiesOf,
) -> None:
    expiry = {
        prefix: rule["ExpirationInDays"] for prefix, rule in rules(properties_of).items() if "ExpirationInDays" in rule
    }
    assert expiry == {
        "enriched/": 90,
        "rejected/": 30,
        "athena-results/": 7,
        "rule-usage/": 37,
        "rule-usage-unfinished/": 7,
    }


def test_versions_are_kept_for_a_day_those_of_the_inventory_for_three_and_of_suppressions_for_a_year(
    properties_of: PropertiesOf,
) -> None:
    (output,) = [each for id_, each in properties_of("AWS::S3::Bucket").items() if id_.startswith("Output")]
    assert output["VersioningConfiguration"] == {"Status": "Enabled"}
    kept = {prefix: rule.get("NoncurrentVersionExpiration") for prefix, rule in rules(properties_of).items()}
    versions = {prefix: days["NoncurrentDays"] for prefix, days in kept.items() if days}
    assert versions == {
        **dict.fromkeys(("enriched/", "rejected/", "athena-results/", "rule-usage/", "rule-usage-unfinished/"), 1),
        CLAIMS_KEY: 1,
        INVENTORY_KEY: 3,
        SUPPRESSIONS_KEY: 365,
    }
    assert rules(properties_of)[None]["ExpiredObjectDeleteMarker"] is True


def test_other_buckets_are_not_versioned(properties_of: PropertiesOf) -> None:
    others = [each for id_, each in properties_of("AWS::S3::Bucket").items() if not id_.startswith("Output")]
    assert others
    assert all("VersioningConfiguration" not in each for each in others)


@pytest.mark.parametrize(
    ("settings", "who"),
    [({}, "nobody gets alerts"), ({"event_bus": "security"}, "alerts go only to the other channels")],
)
def test_without_alert_emails_synth_warns_who_gets_alerts(tmp_path: Any, settings: dict[str, Any], who: str) -> None:
    from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE, which conftest sets
    from aws_cdk.assertions import Annotations, Match  # noqa: PLC0415 - the same

    from stacks.settings.deployment import Deployment  # noqa: PLC0415 - the same
    from stacks.state.stack import StateStack  # noqa: PLC0415 - the same

    for emails in ([], ["people@example.com"]):
        given = {"sources": [SOURCE], "alert_emails": emails, **settings}
        app = App(outdir=str(tmp_path))
        stack = StateStack(app, "State", deployment=Deployment.from_context({"flowsentry": given}))
        warnings = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("alert_emails is .*"))
        assert [who in str(each.entry.data) for each in warnings] == ([] if emails else [True])
