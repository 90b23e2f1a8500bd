"""Member accounts: who may deliver flow logs to the log bucket, and with which settings."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.aws.compute.policy_documents import Request, admits
from stacks.constructs.key_statements import DELIVERY_ACTIONS
from stacks.settings.deployment import Deployment
from stacks.settings.logged.members import MAX_MEMBER_ACCOUNTS
from stacks.settings.reading import SettingsError

ORGANIZATION, MEMBER, OTHER_MEMBER = "o-exampleorgid", "222222222222", "333333333333"
MEMBERS = {"organization_id": ORGANIZATION, "member_account_ids": [MEMBER, OTHER_MEMBER]}
CENTRAL, LOG_BUCKET_ARN = "111111111111", "arn:aws:s3:::log-bucket"
KEY = "AWS::KMS::Key"
BUCKET_POLICY_BYTES = 20_480
RESERVED_BYTES = 4_000
"""For the other statements of the policy: those of the own account, and the refusal of plain HTTP."""


@pytest.fixture(scope="module")
def admitting(synthesise: Callable[..., Any]) -> Mapping[str, Any]:
    """Templates of a central deployment without a source of its own, with a customer managed key."""
    templates: Mapping[str, Any] = synthesise({**MEMBERS, "customer_key": True})
    return templates


def policy_of(templates: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of the log bucket's policy."""
    resources = templates["FlowLogs"]["Resources"].items()
    (policy,) = [each for id_, each in resources if id_.startswith("LogBucketPolicy")]
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def statements(templates: Mapping[str, Any]) -> dict[str, Any]:
    """Those statements that have a Sid, by it."""
    return {each["Sid"]: each for each in policy_of(templates) if "Sid" in each}


def test_every_account_of_the_organization_may_deliver(admitting: Mapping[str, Any]) -> None:
    write, check = (statements(admitting)[f"OrganizationDelivery{each}"] for each in ("Write", "Check"))
    assert write["Principal"] == check["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert write["Condition"]["StringEquals"] == check["Condition"]["StringEquals"] == {"aws:SourceOrgID": ORGANIZATION}
    assert "aws:PrincipalOrgID" not in json.dumps(write)


def test_each_named_account_may_deliver_from_all_its_regions(admitting: Mapping[str, Any]) -> None:
    write = statements(admitting)["MemberDeliveryWrite"]
    assert write["Condition"]["StringEquals"] == {"aws:SourceAccount": [MEMBER, OTHER_MEMBER]}
    sources = [
        "".join(str(part) for part in each["Fn::Join"][1]) for each in write["Condition"]["ArnLike"]["aws:SourceArn"]
    ]
    assert [each.partition("AWS::Partition'}")[2] for each in sources] == [
        f":logs:*:{MEMBER}:*",
        f":logs:*:{OTHER_MEMBER}:*",
    ]


@pytest.mark.parametrize("members", ["OrganizationDelivery", "MemberDelivery"])
def test_members_may_write_flow_logs_and_look_at_the_bucket_and_nothing_else(
    admitting: Mapping[str, Any], members: str
) -> None:
    write, check = (statements(admitting)[f"{members}{each}"] for each in ("Write", "Check"))
    assert (write["Action"], check["Action"]) == ("s3:PutObject", ["s3:GetBucketAcl", "s3:ListBucket"])
    assert write["Resource"]["Fn::Join"][1][1] == "/AWSLogs/*"
    assert write["Condition"]["StringEqualsIfExists"] == {"s3:x-amz-acl": "bucket-owner-full-control"}
    assert "StringEqualsIfExists" not in check["Condition"]


def resolved(value: Any) -> Any:
    """A value of a template, deployed in the account of the central deployment."""
    match value:
        case {"Ref": str(name)}:
            return {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": CENTRAL}[name]
        case {"Fn::GetAtt": [_, "Arn"]}:
            return LOG_BUCKET_ARN
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(resolved, parts))
        case dict():
            return {key: resolved(each) for key, each in value.items()}
        case list():
            return [resolved(each) for each in value]
    return value


def delivered(account: str, organization: str = "", region: str = "us-west-2") -> dict[str, str]:
    """The condition keys of a request of the log delivery service for a flow log of this account."""
    keys = {"aws:SourceAccount": account, "aws:SourceArn": f"arn:aws:logs:{region}:{account}:*"}
    return (
        keys
        | ({"aws:SourceOrgID": organization} if organization else {})
        | {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
    )


STRANGER, ANY_MEMBER = "999999999999", "444444444444"
ACL = {"s3:x-amz-acl": "bucket-owner-full-control"}


@pytest.mark.parametrize(
    ("context", "key", "is_admitted"),
    [
        (delivered(ANY_MEMBER, ORGANIZATION) | ACL, f"AWSLogs/{ANY_MEMBER}/vpcflowlogs/a.log.gz", True),
        (delivered(ANY_MEMBER, ORGANIZATION), f"AWSLogs/{ANY_MEMBER}/vpcflowlogs/a.log.gz", True),
        (delivered(ANY_MEMBER, ORGANIZATION), f"AWSLogs/aws-account-id={ANY_MEMBER}/a.log.gz", True),
        (delivered(MEMBER) | ACL, f"AWSLogs/{MEMBER}/vpcflowlogs/a.log.gz", True),
        (delivered(MEMBER, "o-anotherorganization", region="eu-west-1"), f"AWSLogs/{MEMBER}/a.log.gz", True),
        (delivered(ANY_MEMBER), f"AWSLogs/{ANY_MEMBER}/a.log.gz", False),
        (delivered(STRANGER, "o-anotherorganization") | ACL, f"AWSLogs/{STRANGER}/a.log.gz", False),
        (delivered(MEMBER) | {"aws:SourceArn": f"arn:aws:logs:us-west-2:{STRANGER}:*"}, "AWSLogs/a.log.gz", False),
        (delivered(MEMBER) | {"s3:x-amz-acl": "public-read"}, f"AWSLogs/{MEMBER}/a.log.gz", False),
        (delivered(ANY_MEMBER, ORGANIZATION), f"flow-logs/x/AWSLogs/{ANY_MEMBER}/a.log.gz", False),
        (delivered(CENTRAL, region="eu-west-1") | ACL, f"flow-logs/x/AWSLogs/{CENTRAL}/a.log.gz", True),
    ],
)
def test_the_policy_admits_objects_of_members_and_of_nobody_else(
    admitting: Mapping[str, Any], context: Mapping[str, str], key: str, *, is_admitted: bool
) -> None:
    policy = {"Statement": resolved(policy_of(admitting))}
    put = Request("delivery.logs.amazonaws.com", "s3:PutObject", f"{LOG_BUCKET_ARN}/{key}", context)
    assert admits(policy, put) == is_admitted


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:DeleteObject", "s3:PutBucketPolicy"])
@pytest.mark.parametrize("principal", ["delivery.logs.amazonaws.com", MEMBER, ANY_MEMBER])
def test_no_member_may_read_or_change_anything(admitting: Mapping[str, Any], principal: str, action: str) -> None:
    policy = {"Statement": resolved(policy_of(admitting))}
    for resource in (LOG_BUCKET_ARN, f"{LOG_BUCKET_ARN}/AWSLogs/{MEMBER}/a.log.gz"):
        assert not admits(policy, Request(principal, action, resource, delivered(MEMBER, ORGANIZATION)))


@pytest.mark.parametrize("members", ["OrganizationDelivery", "MemberDelivery"])
def test_the_customer_managed_key_admits_the_members_as_the_bucket_does(
    admitting: Mapping[str, Any], members: str
) -> None:
    (key,) = [each["Properties"] for each in admitting["FlowLogs"]["Resources"].values() if each["Type"] == KEY]
    (statement,) = [each for each in key["KeyPolicy"]["Statement"] if each.get("Sid") == members]
    assert statement["Condition"] == statements(admitting)[f"{members}Check"]["Condition"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert set(statement["Action"]) == set(DELIVERY_ACTIONS)


def test_the_documented_key_statement_has_the_actions_of_the_generated_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "several-accounts.md").read_text()
    (actions,) = re.findall(r'"Action": (\[[^]]*kms[^]]*\])', page)
    assert set(json.loads(actions)) == set(DELIVERY_ACTIONS)


def test_the_bucket_sends_events_of_objects_of_members(admitting: Mapping[str, Any]) -> None:
    resources = admitting["FlowLogs"]["Resources"].items()
    (bucket,) = [each["Properties"] for id_, each in resources if id_.startswith("LogBucket") and "Policy" not in id_]
    configurations = bucket["NotificationConfiguration"]["QueueConfigurations"]
    prefixes = [rule["Value"] for each in configurations for rule in each["Filter"]["S3Key"]["Rules"]]
    assert "AWSLogs/" in prefixes


def test_objects_of_members_expire_although_an_own_source_is_kept_for_ever(synthesise: Callable[..., Any]) -> None:
    kept = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3", "retention_days": 0}
    made = synthesise({**MEMBERS, "sources": [kept]})["FlowLogs"]["Resources"].values()
    buckets = [each["Properties"] for each in made if each["Type"] == "AWS::S3::Bucket"]
    rules = [rule for each in buckets for rule in each["LifecycleConfiguration"]["Rules"]]
    assert [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == "AWSLogs/"] == [30]


def test_without_members_the_bucket_admits_the_own_account_only(templates: Mapping[str, Any]) -> None:
    assert {each for each in statements(templates) if "Delivery" in each} == {"LogDeliveryWrite", "LogDeliveryCheck"}


def test_members_suffice_as_flow_logs_to_read() -> None:
    deployment = Deployment.from_context({"flowsentry": {"organization_id": ORGANIZATION}})
    assert (deployment.uses("s3"), deployment.uses("cloudwatch"), deployment.has_unknown_vpcs) == (True, False, True)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"organization_id": "o-short"}, 'organization_id is "o-short"; allowed: the ID of an organization'),
        ({"organization_id": "r-exampleroot"}, "allowed: the ID of an organization such as o-exampleorgid"),
        ({"member_account_ids": ["22222222222"]}, 'member_account_ids[0] is "22222222222"; allowed: an account ID'),
        ({"member_account_ids": [222222222222]}, "member_account_ids[0] is 222222222222; allowed: an account ID"),
        ({"member_account_ids": [MEMBER, MEMBER]}, f"{MEMBER} is named 2 times; allowed: once"),
    ],
)
def test_a_wrong_member_is_refused_with_its_value(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"flowsentry": settings})
    assert sentence in str(refused.value)


def account_ids(number: int) -> list[str]:
    return [f"{222222222222 + each}" for each in range(number)]


def test_the_most_members_fit_into_the_policy_of_the_bucket(synthesise: Callable[..., Any]) -> None:
    made = statements(
        synthesise({"organization_id": ORGANIZATION, "member_account_ids": account_ids(MAX_MEMBER_ACCOUNTS)})
    )
    text = json.dumps([each for sid, each in made.items() if "Member" in sid or "Organization" in sid])
    text = text.replace('{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":logs', '"arn:aws-cn:logs').replace(
        "]]}", ""
    )
    assert len(text.replace(" ", "")) < BUCKET_POLICY_BYTES - RESERVED_BYTES


def test_one_member_more_is_refused() -> None:
    with pytest.raises(SettingsError, match=f"a list of 0 to {MAX_MEMBER_ACCOUNTS} items"):
        Deployment.from_context({"flowsentry": {"member_account_ids": account_ids(MAX_MEMBER_ACCOUNTS + 1)}})
