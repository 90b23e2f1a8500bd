"""The customer managed key of a deployment."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.constructs.key_statements import DELIVERY_ACTIONS, service_statements, statement_for

KEY_ACTIONS = (
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
)
"""What a function needs for tables, buckets, queues and streams that the key encrypts.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"""


class CustomerKey(kms.Key):
    """A key that rotates every year, and is retained: without it nothing that it encrypted can be read."""

    def __init__(self, scope: Construct, id_: str, *, deployment_name: str) -> None:
        super().__init__(
            scope,
            id_,
            description=f"Flowsentry {deployment_name}: log groups, buckets, tables, queues, topics, functions",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        stack = Stack.of(self)
        for statement in service_statements(deployment_name, stack.partition, stack.region, stack.account):
            self.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def allow_delivery(self, sid: str, conditions: Mapping[str, Any]) -> None:
        """Lets the log delivery service use the key under these conditions, such as for flow logs of other accounts."""
        statement = statement_for(sid, ("delivery.logs.amazonaws.com",), DELIVERY_ACTIONS, dict(conditions))
        self.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
