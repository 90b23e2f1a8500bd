"""The function that writes the rule usage of each ended day, its schedule and its permissions."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from flowsentry.settings import (
    INVENTORY_KEY,
    RULE_USAGE_PREFIX,
    UNFINISHED_RULE_USAGE_PREFIX,
    RuleUsageSettings,
    environment_of,
)
from stacks.constructs.function import FunctionDefaults, PythonFunction, Size
from stacks.constructs.parameters import Value
from stacks.constructs.stack import FlowsentryStack
from stacks.state.stack import ENRICHED_PREFIX

SIZE = Size(memory_mb=1769, timeout_seconds=900)
"""One whole vCPU, and the longest that Lambda allows: a day that takes longer is continued by the next run."""
HOURS = 1
"""How often the function runs. Higher: a large day is finished later. Lower: more runs that find nothing to do."""
VARIABLE_KEYS = "The keys of these objects contain their day, and hashes."


class RuleUsageFunction(Construct):
    """The function, which reads enriched objects and the versions of the inventory, and writes one object a day."""

    def __init__(self, stack: FlowsentryStack, id_: str, *, defaults: FunctionDefaults) -> None:
        super().__init__(stack, id_)
        bucket = stack.read(Value.OUTPUT_BUCKET)
        self.function = PythonFunction(
            self,
            "Function",
            service="rule_usage",
            defaults=defaults,
            size=SIZE,
            environment=environment_of(RuleUsageSettings(output_bucket=bucket)),
        )
        self._allow(stack.bucket_arn(bucket))
        events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.hours(HOURS)),
            targets=[targets.LambdaFunction(self.function)],
        )
        log_group = self.function.log_group.log_group_name
        stack.publish({Value.RULE_USAGE: self.function.function_name, Value.RULE_USAGE_LOG: log_group})

    def _allow(self, bucket_arn: str) -> None:
        """Allows the reads, by key and version, and the writes. Listing lets S3 answer that an object is missing."""
        function = self.function
        function.allow(["s3:ListBucket", "s3:ListBucketVersions"], bucket_arn)
        function.allow(["s3:GetObject", "s3:GetObjectVersion"], f"{bucket_arn}/{INVENTORY_KEY}")
        function.allow_wildcard(["s3:GetObject"], f"{bucket_arn}/{ENRICHED_PREFIX}*", VARIABLE_KEYS)
        for prefix in (RULE_USAGE_PREFIX, UNFINISHED_RULE_USAGE_PREFIX):
            function.allow_wildcard(["s3:GetObject", "s3:PutObject"], f"{bucket_arn}/{prefix}*", VARIABLE_KEYS)
