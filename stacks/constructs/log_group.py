"""A log group construct whose retention is any number of days that CloudWatch Logs accepts."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


class ExpiringLogGroup(logs.LogGroup):
    """A log group that deletes events after `days`; 0 is never. Class STANDARD: others do not support subscription
    filters. With a key, the key's policy must allow CloudWatch Logs
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html).
    """

    def __init__(
        self, scope: Construct, id_: str, *, days: int, removal_policy: RemovalPolicy, kms_key_arn: str = ""
    ) -> None:
        super().__init__(
            scope,
            id_,
            log_group_class=logs.LogGroupClass.STANDARD,
            removal_policy=removal_policy,
            retention=None,
        )
        log_group = self.node.default_child
        assert isinstance(log_group, logs.CfnLogGroup)  # noqa: S101 - for the type checker
        log_group.retention_in_days = days or None
        log_group.kms_key_id = kms_key_arn or None
        self._log_group = log_group

    def index(self, *fields: str) -> None:
        """Indexes fields of JSON lines: a query with `field = value` reads only the lines that have this value.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Field-Indexing.html
        """
        self._log_group.field_index_policies = [{"Fields": list(fields)}]
