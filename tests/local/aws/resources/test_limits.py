"""Roles, buckets, parameters, tables and keys that are refused, each limit just below and just above."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws

TRUST = '{"Statement":[]}'


def policy(size: int, **statement: Any) -> str:
    """A policy document of this size, without white space."""
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    shortest = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "", **allowed}]}, separators=(",", ":"))
    sid = "x" * (size - len(shortest))
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": sid, **allowed}]}, separators=(",", ":"))


def role(aws: EmbeddedAws, **more: Any) -> str:
    name = more.pop("RoleName", f"role-{uuid4().hex[:8]}")
    aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=more.pop("Trust", TRUST), **more)
    return str(name)


def test_a_role_name_has_64_characters(aws: EmbeddedAws) -> None:
    name = uuid4().hex.ljust(64, "x")
    role(aws, RoleName=name)
    with pytest.raises(ClientError, match="'roleName' failed to satisfy constraint"):
        role(aws, RoleName=f"{name}x")


def test_a_trust_policy_has_2048_characters_without_white_space(aws: EmbeddedAws) -> None:
    empty = len('{"Statement":[],"Id":""}')
    role(aws, Trust=json.dumps({"Statement": [], "Id": "x" * (2048 - empty)}, indent=8))
    with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        role(aws, Trust=json.dumps({"Statement": [], "Id": "x" * (2049 - empty)}))


def test_the_inline_policies_of_a_role_have_10240_characters_together(aws: EmbeddedAws) -> None:
    name = role(aws)
    put = aws.client("iam").put_role_policy
    put(RoleName=name, PolicyName="first", PolicyDocument=policy(5120))
    put(RoleName=name, PolicyName="second", PolicyDocument=policy(5120))
    with pytest.raises(ClientError, match=f"Maximum policy size of 10240 bytes exceeded for role {name}"):
        put(RoleName=name, PolicyName="second", PolicyDocument=policy(5121))


def test_a_managed_policy_has_6144_characters(aws: EmbeddedAws) -> None:
    create = aws.client("iam").create_policy
    create(PolicyName=f"policy-{uuid4().hex[:8]}", PolicyDocument=policy(6144))
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
        create(PolicyName=f"policy-{uuid4().hex[:8]}", PolicyDocument=policy(6145))


def test_a_role_has_10_managed_policies(aws: EmbeddedAws) -> None:
    iam, name = aws.client("iam"), role(aws)
    names = [f"policy-{uuid4().hex[:8]}" for _ in range(11)]
    arns = [iam.create_policy(PolicyName=each, PolicyDocument=policy(200))["Policy"]["Arn"] for each in names]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    with pytest.raises(ClientError, match="Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName=name, PolicyArn=arns[10])


@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_a_parameter_has_4096_or_8192_characters(aws: EmbeddedAws, tier: str) -> None:
    most = {"Standard": 4096, "Advanced": 8192}[tier]
    wanted = {"Name": f"/{uuid4().hex[:8]}", "Type": "String", "Tier": tier, "Overwrite": True}
    aws.client("ssm").put_parameter(Value="x" * most, **wanted)
    with pytest.raises(ClientError, match=f"{tier} tier parameters support a maximum parameter value of {most}"):
        aws.client("ssm").put_parameter(Value="x" * (most + 1), **wanted)


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Upper", "with_underscore", "-dash", "dash-", "two..dots", "10.0.0.1", "xn--a", "a-s3alias"],
)
def test_a_bucket_name_that_s3_does_not_allow_is_refused(aws: EmbeddedAws, name: str) -> None:
    unchecked = Config(parameter_validation=False, s3={"addressing_style": "path"})
    s3 = aws.session().client("s3", endpoint_url=aws.endpoint_url, config=unchecked)
    with pytest.raises(ClientError, match="InvalidBucketName"):
        s3.create_bucket(Bucket=name)


def test_a_bucket_policy_has_20480_bytes(aws: EmbeddedAws) -> None:
    name = uuid4().hex.ljust(63, "x")
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("s3").put_bucket_policy(Bucket=name, Policy=policy(20_480, Principal="*"))
    with pytest.raises(ClientError, match="Policy exceeds the maximum allowed document size"):
        aws.client("s3").put_bucket_policy(Bucket=name, Policy=policy(20_481, Principal="*"))


def test_a_key_policy_has_32768_bytes(aws: EmbeddedAws) -> None:
    aws.client("kms").create_key(Policy=policy(32_768))
    with pytest.raises(ClientError, match="more than 32768 bytes"):
        aws.client("kms").create_key(Policy=policy(32_769))


def test_a_table_has_a_name_of_3_to_255_characters_and_20_indexes(aws: EmbeddedAws) -> None:
    keys = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    index = {"KeySchema": keys["KeySchema"], "Projection": {"ProjectionType": "ALL"}}

    def create(name: str, indexes: int = 1) -> None:
        wanted = [{"IndexName": f"index-{number}", **index} for number in range(indexes)]
        aws.client("dynamodb").create_table(TableName=name, GlobalSecondaryIndexes=wanted, **keys)

    create(uuid4().hex.ljust(255, "x"), 20)
    with pytest.raises(ClientError, match="ValidationException"):
        create(uuid4().hex.ljust(256, "x"))
    with pytest.raises(ClientError, match="exceeds the per-table limit of 20"):
        create(uuid4().hex, 21)
