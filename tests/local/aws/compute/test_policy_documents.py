"""Policy documents: principals, actions, resources and conditions."""

from typing import Any

import pytest

from local.aws.compute.policy_documents import Request, admits, is_like

QUEUE, BUCKET = "arn:aws:sqs:us-east-1:123456789012:notices", "arn:aws:s3:::flow-logs"
REQUEST = Request(
    "s3.amazonaws.com",
    "sqs:SendMessage",
    QUEUE,
    {
        "aws:SourceArn": BUCKET,
        "aws:SourceAccount": "123456789012",
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
    },
)
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
}
DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, False),
        ({"Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Action": "SQS:Send*"}, True),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Resource": f"{QUEUE}-2"}, False),
        ({"Resource": [f"{QUEUE}-2", "arn:aws:sqs:*:*:notice?"]}, True),
    ],
    ids=str,
)
def test_a_statement_covers_a_principal_an_action_and_a_resource(statement: dict[str, Any], *, expected: bool) -> None:
    assert admits({"Statement": [{**ALLOW, **statement}]}, REQUEST) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"AWS:sourceaccount": ["1", "123456789012"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:flow-*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringNotLike": {"aws:SourceArn": "*other*"}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceOrgID": "o-1"}}, True),
        ({"StringNotEquals": {"aws:SourceOrgID": "o-1"}}, True),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, False),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": 1.3}}, True),
        ({"NumericNotEquals": {"s3:TlsVersion": "1.2"}}, True),
        ({"Null": {"aws:SourceOrgID": "true"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}, "Bool": {"aws:SecureTransport": "false"}}, False),
    ],
    ids=str,
)
def test_every_condition_must_hold(condition: dict[str, Any], *, expected: bool) -> None:
    assert admits({"Statement": [{**ALLOW, "Condition": condition}]}, REQUEST) is expected


def test_a_deny_overrides_an_allow() -> None:
    insecure = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert admits({"Statement": [ALLOW, {**DENY, **insecure}]}, REQUEST)
    assert not admits({"Statement": [ALLOW, DENY]}, REQUEST)


def test_a_policy_without_statements_admits_nothing() -> None:
    assert not admits({}, REQUEST)


def test_an_unknown_operator_raises_an_error() -> None:
    policy = {"Statement": [{**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}
    with pytest.raises(NotImplementedError, match="IpAddress"):
        admits(policy, REQUEST)


def test_a_pattern_has_no_other_wildcards_than_stars_and_question_marks() -> None:
    assert is_like("a[1]*", "a[1]b")
    assert not is_like("a[1]", "a1")
