"""Encryption by a customer managed key, permissions boundary, path of roles, tags and tracing."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from app import add_stacks
from stacks.constructs.checks import add_compliance_checks
from stacks.constructs.key_statements import service_statements
from tests.stacks.conftest import ALL_SETTINGS, KEY_ARN, ROOT, Synthesise, Templates
from tests.stacks.functions import FUNCTIONS, SOURCE
from tests.stacks.test_deployment import read, refusal

SETTINGS = ROOT / "docs" / "settings.md"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
SOURCES: Any = ALL_SETTINGS["sources"]
GUARDED = {
    **ALL_SETTINGS,
    "sources": [{key: value for key, value in source.items() if key != "kms_key_arn"} for source in SOURCES],
    "customer_key": True,
    "permissions_boundary": BOUNDARY,
    "role_path": "/network/flowsentry/",
    "tags": {"cost-center": "4711", "team": "network"},
    "tracing": True,
}
OTHER = {
    "sources": [{"all_vpcs": True, "destination": "s3"}],
    "member_account_ids": ["222222222222"],
    "python": "3.11",
    "architecture": "x86_64",
}
"""Settings that the others leave out."""
ENCRYPTED: dict[str, tuple[str | int, ...]] = {
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration",
        "ResultConfiguration",
        "EncryptionConfiguration",
        "KmsKey",
    ),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Kinesis::Stream": ("StreamEncryption", "KeyId"),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}
"""Where a resource of each type names the key that encrypts it."""


@pytest.fixture(scope="module")
def guarded(synthesise: Synthesise) -> Templates:
    return synthesise(GUARDED)


def resources(templates: Templates, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for template in templates.values():
        yield from ((id_, each["Properties"]) for id_, each in template["Resources"].items() if each["Type"] == kind)


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_the_customer_key_encrypts_every_resource_that_can_have_one(guarded: Templates, kind: str) -> None:
    keys = []
    for _, properties in resources(guarded, kind):
        found: Any = properties
        for step in ENCRYPTED[kind]:
            found = found[step]
        keys.append(json.dumps(found))
    assert keys
    assert all("EncryptionKey" in key or "encryptionkeyarn" in key for key in keys)


def test_one_key_is_created_which_rotates_and_admits_the_services_of_this_account(guarded: Templates) -> None:
    ((_, key),) = resources(guarded, "AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    account, *services = key["KeyPolicy"]["Statement"]
    assert account["Action"] == "kms:*"
    assert [each["Sid"] for each in services] == ["LogGroups", "LogDelivery", "ObjectEventsAndAlarms", "Events"]
    for each in services[:-1]:
        assert {"Ref": "AWS::AccountId"} in _leaves(each["Condition"])


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict) and "Ref" not in value:
        return [leaf for each in value.values() for leaf in _leaves(each)]
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list) else [value]


def test_the_documented_statements_are_those_of_the_created_key() -> None:
    (documented,) = re.findall(r"```\n(\[.*?\n\])\n```", SETTINGS.read_text(), re.DOTALL)
    assert json.loads(documented) == service_statements("flowsentry", "aws", "eu-west-1", "123456789012")


def test_a_rule_may_send_to_an_encrypted_queue_only_by_its_own_arn(guarded: Templates) -> None:
    for _, policy in resources(guarded, "AWS::SQS::QueuePolicy"):
        statements = policy["PolicyDocument"]["Statement"]
        rules = [each for each in statements if "events.amazonaws.com" in json.dumps(each.get("Principal"))]
        assert all("aws:SourceArn" in json.dumps(each["Condition"]) for each in rules)


def test_functions_and_the_subscription_role_may_use_the_key(guarded: Templates) -> None:
    statements = [s for _, each in resources(guarded, "AWS::IAM::Policy") for s in each["PolicyDocument"]["Statement"]]
    allowed = [each for each in statements if "encryptionkeyarn" in json.dumps(each["Resource"])]
    assert sum("kms:ReEncryptFrom" in each["Action"] for each in allowed) == len(FUNCTIONS)
    (role,) = [each for id_, each in resources(guarded, "AWS::IAM::Role") if "PayloadRole" in id_]
    assert "kms:GenerateDataKey" in json.dumps(role["Policies"])


def test_the_key_admits_delivery_for_the_member_accounts_that_the_bucket_admits(synthesise: Synthesise) -> None:
    members = {"organization_id": "o-1234567890", "member_account_ids": ["222222222222"]}
    made = synthesise({"sources": [SOURCE], "customer_key": True, **members})
    ((_, key),) = resources(made, "AWS::KMS::Key")
    admitted = {each.get("Sid"): each for each in key["KeyPolicy"]["Statement"]}
    organization, member = admitted["OrganizationDelivery"], admitted["MemberDelivery"]
    assert organization["Condition"] == {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}
    assert member["Condition"]["StringEquals"] == {"aws:SourceAccount": ["222222222222"]}
    assert organization["Principal"] == member["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert "kms:GenerateDataKey*" in organization["Action"]


def test_a_key_that_exists_is_used_and_none_is_created(synthesise: Synthesise) -> None:
    former = [f"{KEY_ARN[:-1]}{digit}" for digit in "ab"]
    made = synthesise({"sources": [SOURCE], "kms_key_arn": KEY_ARN, "former_kms_key_arns": former})
    _every_function_may_decrypt_with(former, made)
    assert list(resources(made, "AWS::KMS::Key")) == []
    assert {each["KmsMasterKeyId"] for _, each in resources(made, "AWS::SQS::Queue")} == {KEY_ARN}
    assert "encryption-key-arn" not in json.dumps(made)


def _every_function_may_decrypt_with(keys: list[str], made: Templates) -> None:
    policies = [each["PolicyDocument"] for _, each in resources(made, "AWS::IAM::Policy")]
    wanted = {"Action": "kms:Decrypt", "Effect": "Allow", "Resource": keys}
    assert sum(wanted in each["Statement"] for each in policies) == len(FUNCTIONS)


def test_every_role_has_the_boundary_and_the_path(guarded: Templates) -> None:
    roles = [each for _, each in resources(guarded, "AWS::IAM::Role")]
    assert len(roles) >= 7
    assert {(each["PermissionsBoundary"], each["Path"]) for each in roles} == {(BOUNDARY, "/network/flowsentry/")}


def test_without_settings_roles_have_no_boundary(templates: Templates) -> None:
    assert not any("PermissionsBoundary" in each for _, each in resources(templates, "AWS::IAM::Role"))


@pytest.mark.parametrize("kind", sorted({*ENCRYPTED, "AWS::IAM::Role", "AWS::EC2::FlowLog", "AWS::CloudWatch::Alarm"}))
def test_resources_have_the_tags_of_the_settings(guarded: Templates, kind: str) -> None:
    wanted = {("application", "flowsentry"), ("cost-center", "4711"), ("team", "network")}
    for _, properties in resources(guarded, kind):
        assert wanted <= {(tag["Key"], tag["Value"]) for tag in properties["Tags"]}


def test_tracing_is_a_setting(guarded: Templates) -> None:
    assert {each["TracingConfig"]["Mode"] for _, each in resources(guarded, "AWS::Lambda::Function")} == {"Active"}


def test_the_role_of_the_inventory_has_the_documented_name(templates: Templates) -> None:
    (role,) = [each for _, each in resources(templates, "AWS::IAM::Role") if "RoleName" in each]
    name = "".join(part if isinstance(part, str) else "eu-west-1" for part in role["RoleName"]["Fn::Join"][1])
    (documented,) = re.findall(r'"aws:PrincipalArn": "arn:aws:iam::123456789012:role/([^"]+)"', SETTINGS.read_text())
    assert documented == name == "flowsentry-inventory-eu-west-1"


@pytest.mark.parametrize("path", ["/", "/network/flowsentry/"])
def test_the_longest_name_of_a_deployment_makes_no_role_name_over_64_characters(path: str) -> None:
    longest = read({"name": "a" * 30, "role_path": path}).inventory_role_name("ap-southeast-1")
    assert longest.startswith(f"{'a' * 30}-inventory-ap-southeast-1")
    assert len(longest) <= 64


def test_another_path_is_another_name_so_that_the_role_can_be_replaced() -> None:
    names = [read({"role_path": path}).inventory_role_name("eu-west-1") for path in ("/", "/a/", "/b/")]
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"customer_key": True, "kms_key_arn": KEY_ARN},
            "flowsentry: customer_key is true and kms_key_arn is given; allowed: one of them",
        ),
        ({"former_kms_key_arns": [KEY_ARN, KEY_ARN]}, "is named 2 times; allowed: once"),
        ({"kms_key_arn": "alias/mine"}, 'kms_key_arn is "alias/mine"; allowed: the ARN of a KMS key, not of an alias'),
        (
            {"permissions_boundary": "b"},
            'permissions_boundary is "b"; allowed: the ARN of a managed policy such as arn',
        ),
        ({"role_path": "network"}, 'role_path is "network"; allowed: / or one or two names of at most 50 characters'),
        ({"role_path": "/a/b/c/"}, 'role_path is "/a/b/c/"; allowed: / or one or two names'),
        ({"tracing": "yes"}, 'tracing is "yes"; allowed: true or false'),
        ({"tags": [{"key": "a", "value": "b"}]}, "allowed: an object with values that are text"),
        ({"tags": {"aws:x": "b"}}, "a key does not begin with aws: and is not application or Name"),
        ({"tags": {"Name": "b"}}, "a key does not begin with aws: and is not application or Name"),
        ({"tags": {"Application": "b"}}, "a key does not begin with aws: and is not application or Name"),
        ({"tags": {"Team": "a", "team": "b"}}, "Team and team differ in case only; IAM takes one of them"),
        (
            {
                "tags": {f"k{number}": "b" for number in range(40)},
                "sources": [{**SOURCE, "tags": {"k0": "x", "l": "x"}}],
            },
            "sources[0].tags and tags have 41 keys together; allowed: 40",
        ),
        ({"tags": {"a=b": "c"}}, "a key has 1 to 128 letters, digits, spaces and _.:/+-@"),
        ({"tags": {"a": "<"}}, "the value of a has 1 to 255 letters, digits, spaces and _.:/=+-@"),
        ({"tags": {"a": ""}}, "the value of a has 1 to 255 letters"),
        ({"tags": {f"k{number}": "b" for number in range(41)}}, "41 tags; at most 40"),
    ],
)
def test_an_invalid_guard_rail_is_refused_with_what_is_allowed(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [ALL_SETTINGS, GUARDED, OTHER], ids=["aws-keys", "customer-key", "all-vpcs"])
def test_the_templates_pass_the_serverless_and_nist_checks(settings: dict[str, Any], tmp_path: Path) -> None:
    """The report names each finding; those that the settings prevent are not accepted."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path), context={**flags, "flowsentry": settings, "aws:cdk:bundling-stacks": []})
    add_stacks(app)
    add_compliance_checks(app)
    app.synth()
