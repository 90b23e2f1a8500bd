"""Resources with state, by logical id. Another logical id makes another, empty resource."""

from collections.abc import Mapping
from typing import Any

import pytest

KEPT = {
    "FlowLogs": {
        "AWS::S3::Bucket": {"LogBucketCC3B17E8", "FailedInvocationsED025904"},
        "AWS::SQS::Queue": {"NoticesQueue8F17BA1B", "NoticesDeadLetters9751A95B"},
        "AWS::Logs::LogGroup": {
            "LogGroup63e67556a3fc961C69C5",  # versions 2 to 5, all traffic, 60 s
            "LogGroupdc0c1de97a684A5FACEF",  # AWS's default format, all traffic, 60 s
            "LogGroupbusy490a7538d4a78DC93694",  # the first again, of the group busy
        },
        "AWS::Kinesis::Stream": {"PayloadStream525ACAD1"},
        # Its ARN is part of every flow log to a log group: another role would replace them all.
        "AWS::IAM::Role": {"DeliveryRole2A8B8F29"},
        # A flow log keeps no records, but the time until another one writes is not recorded.
        "AWS::EC2::FlowLog": {
            "FlowLogvpc0123456789abcdef063e67556a3fc",
            "FlowLogvpc0a1b2c3d4e5f60718busy490a7538d4a7",
            "FlowLogvpc0fedcba98765432101a75d70bb7b7",
            "FlowLogsubnet0123456789abcdef0a12a3d4b4273",
            "FlowLogeni0123456789abcdef0a12a3d4b4273",
            "FlowLogtgwattach0123456789abcdef0aafdb55c37f5",
        },
    },
    "State": {
        "AWS::S3::Bucket": {"OutputAB65CDDE"},
        "AWS::DynamoDB::Table": {
            "TablesEvidenceFC663F10",
            "TablesFindings1E701491",
            "TablesIdempotency498FF680",
        },
        "AWS::SNS::Topic": {
            *("AlertsTopicCF7C81C9", "AlertsDigestTopic0971624D", "AlertsChatTopicC2482465"),
            "AlertsOperatorTopic320053B7",
        },
        "AWS::KMS::Key": {"AlertsKey9E1197AF"},
    },
    "Processing": {
        "AWS::SQS::Queue": {"InventoryRequestsQueue8CD8E9B7", "InventoryRequestsDeadLetters84DDA042"},
    },
}


@pytest.mark.parametrize(("stack", "kind"), [(stack, kind) for stack, kinds in KEPT.items() for kind in kinds])
def test_a_resource_with_state_keeps_its_logical_id(templates: Mapping[str, Any], stack: str, kind: str) -> None:
    """The id contains the construct's path: moving a construct changes it."""
    resources = templates[stack]["Resources"]
    assert {id_ for id_, each in resources.items() if each["Type"] == kind} == KEPT[stack][kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table", "AWS::KMS::Key"),
        *("AWS::Logs::LogGroup", "AWS::Kinesis::Stream"),
    ],
)
def test_a_resource_with_state_is_retained_unless_the_deployment_that_creates_it_fails(
    templates: Mapping[str, Any], kind: str
) -> None:
    """What is retained is listed by type (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html)."""
    kept = [
        (each["DeletionPolicy"], each["UpdateReplacePolicy"])
        for stack in ("FlowLogs", "State")
        for each in templates[stack]["Resources"].values()
        if each["Type"] == kind
    ]
    assert set(kept) == {("RetainExceptOnCreate", "Retain")}
