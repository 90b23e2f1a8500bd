"""The three tables: evidence, findings (the outbox of alerts), and objects already processed."""

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

UNPUBLISHED_INDEX = "unpublished"
"""Index of findings that were not sent yet: the attribute `unpublished` is removed when a finding is published."""
THREAD_INDEX = "by_thread"
"""Index of related findings of different days, so that the triage of one applies to the next."""


class StateTable(dynamodb.Table):
    """A table on demand, encrypted, with point-in-time recovery for 35 days, retained when its stack is deleted."""

    def __init__(
        self, scope: Construct, id_: str, *, key: str, expires_at: str, encryption_key: kms.IKey | None, **table: Any
    ) -> None:
        managed = dynamodb.TableEncryption.AWS_MANAGED
        super().__init__(
            scope,
            id_,
            partition_key=dynamodb.Attribute(name=key, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=expires_at,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if encryption_key else managed,
            encryption_key=encryption_key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            **table,
        )


class StateTables(Construct):
    """The tables.

    `evidence`: what a source tried and reached in a day. `findings`: each finding is put once. `idempotency`: in the
    format of Powertools.
    """

    def __init__(self, scope: Construct, id_: str, *, encryption_key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        number = dynamodb.AttributeType.NUMBER
        self.evidence = StateTable(
            self,
            "Evidence",
            key="source",
            expires_at="expires_at",
            encryption_key=encryption_key,
            sort_key=dynamodb.Attribute(name="day", type=number),
        )
        self.findings = StateTable(
            self,
            "Findings",
            key="id",
            expires_at="expires_at",
            encryption_key=encryption_key,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
        )
        self.findings.add_global_secondary_index(
            index_name=UNPUBLISHED_INDEX,
            partition_key=dynamodb.Attribute(name="unpublished", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="found_at", type=number),
        )
        self.findings.add_global_secondary_index(
            index_name=THREAD_INDEX,
            partition_key=dynamodb.Attribute(name="thread", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="found_at", type=number),
        )
        self.idempotency = StateTable(
            self, "Idempotency", key="id", expires_at="expiration", encryption_key=encryption_key
        )
