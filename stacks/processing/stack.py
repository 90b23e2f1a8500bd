"""The processing stack, which keeps no state: the functions, their triggers, and all permissions of the functions."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from flowsentry.findings.canary import FLOW_LOG_ID, LOG_STREAM
from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from stacks.alerting.function import Alerting
from stacks.constructs.function import FunctionDefaults, PythonFunction
from stacks.constructs.layers import Layers
from stacks.constructs.parameters import FUNCTION_LOGS, Value, log_group_value
from stacks.constructs.stack import FlowsentryStack
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS
from stacks.ownership.function import SIZE as INVENTORY_SIZE
from stacks.ownership.function import Ownership
from stacks.ownership.inventory_queue import InventoryQueue
from stacks.processing.detection_object import DetectionObject
from stacks.processing.environment import Environment
from stacks.processing.geo_databases import GeoDatabases
from stacks.processing.processors import ObjectProcessor, StreamProcessor
from stacks.rule_usage.function import RuleUsageFunction
from stacks.settings.deployment import Deployment
from stacks.settings.existing_flow_logs import outermost, permitted_names
from stacks.settings.logged.delivery import AWS_PREFIX, CLOUDWATCH
from stacks.settings.sources import Source
from stacks.sources.every_vpc import EveryVpc
from stacks.sources.log_buckets import FAILED_INVOCATION_PREFIX, LOG_PREFIXES
from stacks.state.stack import ENRICHED_PREFIX, REJECTED_PREFIX
from stacks.state.tables import THREAD_INDEX, UNPUBLISHED_INDEX

VARIABLE_KEYS = "One function reads or writes all objects under this prefix, whose keys contain dates and hashes."
"""The reason for a grant on objects that ends in `*`."""
LOG_GROUP_ARN = "The ARN of a log group ends in `:*` in a policy."
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html"""
NO_RESOURCE_LEVEL_PERMISSIONS = (
    "The inventory covers all resources of a Region, and most describe actions support no resource-level permissions."
)
READ_OBJECT_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
EVIDENCE_ACTIONS = ("BatchGetItem", "GetItem", "Query", "UpdateItem")
CONSUME_QUEUE_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
)
READ_STREAM_ACTIONS = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
"""What Lambda needs to read a stream without enhanced fan-out (a dedicated consumer needs `SubscribeToShard` as well).
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html"""


class ProcessingStack(FlowsentryStack):
    """Deploys both processors always, so that a source can change its destination without losing records in transit."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, log_groups_of: Stack) -> None:
        description = "Flowsentry: functions and their triggers"
        super().__init__(scope, id_, deployment=deployment, purpose="processing", description=description)
        timeout, key = INVENTORY_SIZE.timeout_seconds, self.encryption_key
        self.requests = InventoryQueue(self, "InventoryRequests", function_timeout_seconds=timeout, key=key)
        self.geo_databases = GeoDatabases(self, "GeoDatabases", databases=deployment.geo_databases)
        self.detection = DetectionObject(self, "Detection", deployment=deployment)
        environment = Environment(self, self.requests, self.geo_databases.addresses, self.detection.address)
        defaults = FunctionDefaults(deployment, Layers(self, "Layers", deployment=deployment), key)
        self.stream = StreamProcessor(
            self, "StreamProcessor", environment=environment.stream_processor(), defaults=defaults
        )
        self.objects = ObjectProcessor(
            self, "ObjectProcessor", environment=environment.object_processor(), defaults=defaults
        )
        self.ownership = Ownership(self, "Ownership", environment=environment.inventory(), defaults=defaults)
        self.alerting = Alerting(self, "Alerting", environment=environment.notifier(), defaults=defaults)
        self._grant_processors()
        self._grant_stream_processor()
        self._grant_object_processor()
        self._grant_inventory()
        self._grant_notifier()
        self._trigger(log_groups_of.stack_name)
        self._publish()
        if deployment.source_of_all_vpcs:
            self._log_every_vpc(deployment.source_of_all_vpcs, defaults, environment)
        if deployment.rule_usage_days:
            RuleUsageFunction(self, "RuleUsage", defaults=defaults)

    def _log_every_vpc(self, source: Source, defaults: FunctionDefaults, environment: Environment) -> None:
        variables = environment.flow_log_creator(source)
        every_vpc = EveryVpc(self, "EveryVpc", source=source, defaults=defaults, environment=variables)
        in_logs = source.destination == CLOUDWATCH
        every_vpc.allow_delivery(
            role_arn=self.read(Value.DELIVERY_ROLE_ARN) if in_logs else "",
            bucket_arn="" if in_logs else self._bucket_arn(Value.LOG_BUCKET),
        )
        every_vpc.run_on_deployment()
        self.publish(every_vpc.shared_values)

    def _grant_processors(self) -> None:
        evidence, findings = self._table_arn(Value.EVIDENCE_TABLE), self._table_arn(Value.FINDINGS_TABLE)
        log_formats = self.parameter_arn(Value.LOG_FORMATS)
        for function in (self.stream.function, self.objects.function):
            function.allow([f"dynamodb:{action}" for action in EVIDENCE_ACTIONS], evidence)
            function.allow(["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], findings)
            function.allow(["ssm:GetParameter"], log_formats, self.parameter_arn(Value.SUPPRESSIONS))
            for key in (INVENTORY_KEY, SUPPRESSIONS_KEY):
                function.allow(["s3:GetObject"], self._objects_arn(Value.OUTPUT_BUCKET, key))
            function.allow(["s3:ListBucket"], self._bucket_arn(Value.OUTPUT_BUCKET))
            function.allow(["sqs:SendMessage"], self.requests.queue.queue_arn)
            for arn in (*self.geo_databases.arns, self.detection.arn):
                if arn:
                    function.allow(["s3:GetObject"], arn)
            function.allow_wildcard(["ec2:DescribeFlowLogs"], "*", NO_RESOURCE_LEVEL_PERMISSIONS)
            for prefix in (ENRICHED_PREFIX, REJECTED_PREFIX):
                function.allow_wildcard(
                    ["s3:PutObject"], self._objects_arn(Value.OUTPUT_BUCKET, f"{prefix}*"), VARIABLE_KEYS
                )

    def _grant_stream_processor(self) -> None:
        """Lets Lambda store failed invocations, and read the data stream if there is one."""
        keys = f"{FAILED_INVOCATION_PREFIX}*"
        function = self.stream.function
        function.allow_wildcard(
            ["s3:PutObject"], self._objects_arn(Value.FAILED_INVOCATION_BUCKET, keys), VARIABLE_KEYS
        )
        function.allow(["s3:ListBucket"], self._bucket_arn(Value.FAILED_INVOCATION_BUCKET))
        if self.deployment.has_payload_stream:
            function.allow(READ_STREAM_ACTIONS, self.read(Value.PAYLOAD_STREAM_ARN))

    def _grant_object_processor(self) -> None:
        function = self.objects.function
        function.allow(CONSUME_QUEUE_ACTIONS, self.read(Value.OBJECT_QUEUE_ARN))
        function.allow(["sqs:SendMessage"], self.read(Value.OBJECT_DLQ_ARN))
        remember = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        function.allow(remember, self._table_arn(Value.IDEMPOTENCY_TABLE))
        for bucket, prefix in (
            *((Value.LOG_BUCKET, prefix) for prefix in LOG_PREFIXES),
            (Value.FAILED_INVOCATION_BUCKET, FAILED_INVOCATION_PREFIX),
        ):
            function.allow_wildcard(READ_OBJECT_ACTIONS, self._objects_arn(bucket, f"{prefix}*"), VARIABLE_KEYS)
            function.allow(["s3:ListBucket"], self._bucket_arn(bucket))
        self._grant_existing_buckets()

    def _grant_existing_buckets(self) -> None:
        function, buckets = self.objects.function, self.deployment.existing_buckets
        for each in outermost(buckets):
            arn = self.bucket_arn(each.name)
            function.allow_wildcard(READ_OBJECT_ACTIONS, f"{arn}/{each.prefix}*", VARIABLE_KEYS)
            function.allow(["s3:ListBucket"], arn)
        keys = {each.kms_key_arn for each in buckets} | {self.deployment.log_bucket_key_arn}
        for key_arn in sorted(keys - {""}):
            function.allow(["kms:Decrypt"], key_arn)

    def _grant_inventory(self) -> None:
        """Allows discovery. The roles of other accounts define who may assume them, and what they may read."""
        function = self.ownership.function
        function.allow_wildcard(DESCRIBE_ACTIONS, "*", NO_RESOURCE_LEVEL_PERMISSIONS)
        for region in (self.region, *self.deployment.inventory_regions):
            function.allow([VPC_LINKS], f"arn:{self.partition}:apigateway:{region}::/vpclinks")
        if roles := sorted({target.role_arn for target in self.deployment.inventory_targets}):
            function.allow(["sts:AssumeRole"], *roles)
        for statement in self.ownership.clusters.statements():
            function.add_to_role_policy(statement)
        for value in (Value.INVENTORY_TARGETS, Value.FLOW_LOG_COVERAGE, Value.SUPPRESSIONS):
            function.allow(["ssm:GetParameter"], self.parameter_arn(value))
        self._grant_flow_log_check()
        function.allow([*CONSUME_QUEUE_ACTIONS, "sqs:SendMessage"], self.requests.queue.queue_arn)
        function.allow(["sqs:SendMessage"], self.requests.dead_letters.queue_arn)
        for key in (INVENTORY_KEY, CLAIMS_KEY):
            function.allow(["s3:GetObject", "s3:PutObject"], self._objects_arn(Value.OUTPUT_BUCKET, key))
        function.allow(["s3:ListBucket"], self._bucket_arn(Value.OUTPUT_BUCKET))

    def _grant_flow_log_check(self) -> None:
        """Lets the inventory function read when records of each flow log arrived, and put a finding for one that
        stopped.
        """
        function, findings = self.ownership.function, self._table_arn(Value.FINDINGS_TABLE)
        function.allow(["dynamodb:Query"], self._table_arn(Value.EVIDENCE_TABLE))
        function.allow(["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], findings)
        function.allow(["s3:GetObject"], self._objects_arn(Value.OUTPUT_BUCKET, SUPPRESSIONS_KEY))

    def _grant_notifier(self) -> None:
        function = self.alerting.function
        findings = self._table_arn(Value.FINDINGS_TABLE)
        read_from = [f"dynamodb:{each}" for each in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")]
        function.allow_wildcard(read_from, f"{findings}/stream/*", "The name of a table's stream is its creation time.")
        indexes = [f"{findings}/index/{index}" for index in (UNPUBLISHED_INDEX, THREAD_INDEX)]
        function.allow(["dynamodb:Query"], *indexes)
        function.allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], findings)
        function.allow(["kms:Decrypt", "kms:GenerateDataKey"], self.read(Value.ALERT_KEY_ARN))
        function.allow(["ssm:GetParameter"], self.parameter_arn(Value.SUPPRESSIONS))
        function.allow(["s3:GetObject", "s3:PutObject"], self._objects_arn(Value.OUTPUT_BUCKET, SUPPRESSIONS_KEY))
        function.allow(["s3:ListBucket"], self._bucket_arn(Value.OUTPUT_BUCKET))
        self._grant_channels(function)
        self._grant_upkeep(function)

    def _grant_upkeep(self, function: PythonFunction) -> None:
        """Allows the notifier to write canaries, and to list who is subscribed."""
        names = f"{AWS_PREFIX}{self.account}/vpcflowlogs/{self.region}/*_{FLOW_LOG_ID}_*"
        keys = self._objects_arn(Value.LOG_BUCKET, names)
        function.allow_wildcard(["s3:PutObject"], keys, VARIABLE_KEYS)
        if key_arn := self.deployment.log_bucket_key_arn:
            function.allow(["kms:GenerateDataKey"], key_arn)
        function.allow(["ssm:GetParameter"], self.parameter_arn(Value.LOG_FORMATS))
        operators = [Value.OPERATOR_TOPIC_ARN] if self.deployment.operator_emails else []
        function.allow(["sns:ListSubscriptionsByTopic"], *(self.read(topic) for topic in [*self._topics, *operators]))
        if group := self.deployment.canary_log_group_id:
            name = self.read(log_group_value(group))
            function.allow_wildcard(["logs:CreateLogStream"], self._log_group_arn(f"{name}:*"), LOG_GROUP_ARN)
            function.allow(["logs:PutLogEvents"], self._log_group_arn(f"{name}:log-stream:{LOG_STREAM}"))

    @property
    def _topics(self) -> list[Value]:
        """The topics that the notifier publishes to."""
        deployment = self.deployment
        topics = [Value.ALERT_TOPIC_ARN, *([Value.DIGEST_TOPIC_ARN] if deployment.digest_topic else [])]
        return topics + ([Value.CHAT_TOPIC_ARN] if deployment.chat_topic else [])

    def _grant_channels(self, function: PythonFunction) -> None:
        """Allows the notifier to deliver to the channels of the settings."""
        deployment = self.deployment
        function.allow(["sns:Publish"], *(self.read(topic) for topic in self._topics))
        if bus := deployment.event_bus:
            named = self.format_arn(service="events", resource="event-bus", resource_name=bus)
            function.allow(["events:PutEvents"], bus if bus.startswith("arn:") else named)
        if deployment.security_hub:
            own_product = f"product/{self.account}/default"
            hub = self.format_arn(service="securityhub", resource=own_product, arn_format=ArnFormat.NO_RESOURCE_NAME)
            function.allow(["securityhub:BatchImportFindings"], hub)

    def _trigger(self, log_group_prefix: str) -> None:
        """Creates the triggers, last: Lambda checks a function's permissions when a trigger is created."""
        self.stream.store_failures_in(self._bucket_arn(Value.FAILED_INVOCATION_BUCKET))
        self._subscribe(log_group_prefix)
        self.objects.receive_from(self.read(Value.OBJECT_QUEUE_ARN))
        self.ownership.receive_from(self.requests.queue.queue_arn)
        self.requests.queue_changes()
        self.alerting.read_from(self.read(Value.FINDINGS_STREAM_ARN))
        self.alerting.schedule_sweep()
        if self.deployment.canary_after_deploy:
            self.alerting.follow_deploys()

    def _subscribe(self, log_group_prefix: str) -> None:
        """Subscribes the function, or the data stream it reads, to each log group, new or existing."""
        made = {id_: self.read(log_group_value(id_)) for id_ in self.deployment.log_groups}
        existing = {each.id: each.name for each in self.deployment.existing_log_groups}
        self.stream.subscribe(self._without_stream(made), f"{log_group_prefix}-*")
        ids = {name: id_ for id_, name in self._without_stream(existing).items()}
        for pattern, names in permitted_names(list(ids)).items():
            self.stream.subscribe({ids[name]: name for name in names}, pattern)
        if self.deployment.has_payload_stream:
            stream_arn = self.read(Value.PAYLOAD_STREAM_ARN)
            mapping = self.stream.read_from(stream_arn, self._bucket_arn(Value.FAILED_INVOCATION_BUCKET))
            all_of_them = made | existing
            if streamed := {id_: all_of_them[id_] for id_ in all_of_them if id_ in self.deployment.streamed_log_groups}:
                self.stream.subscribe_to_stream(stream_arn, streamed, mapping)

    def _without_stream(self, log_groups: Mapping[str, str]) -> dict[str, str]:
        """The log groups (names by id) whose payloads do not go through the data stream."""
        return {id_: name for id_, name in log_groups.items() if id_ not in self.deployment.streamed_log_groups}

    def _publish(self) -> None:
        self.publish(
            {
                Value.STREAM_PROCESSOR: self.stream.function.function_name,
                Value.OBJECT_PROCESSOR: self.objects.function.function_name,
                Value.INVENTORY: self.ownership.function.function_name,
                Value.INVENTORY_TARGETS: self.deployment.targets_in,
                Value.INVENTORY_QUEUE: self.requests.queue.queue_name,
                Value.INVENTORY_QUEUE_ARN: self.requests.queue.queue_arn,
                Value.INVENTORY_DLQ: self.requests.dead_letters.queue_name,
                Value.INVENTORY_DLQ_ARN: self.requests.dead_letters.queue_arn,
                Value.NOTIFIER: self.alerting.function.function_name,
            }
        )
        functions = [self.stream.function, self.objects.function, self.ownership.function, self.alerting.function]
        names = (each.log_group.log_group_name for each in functions)
        self.publish(dict(zip(FUNCTION_LOGS, names, strict=True)))

    def _table_arn(self, value: Value) -> str:
        return self.format_arn(service="dynamodb", resource="table", resource_name=self.read(value))

    def _log_group_arn(self, name: str) -> str:
        return self.format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )

    def _bucket_arn(self, value: Value) -> str:
        return self.bucket_arn(self.read(value))

    def _objects_arn(self, value: Value, keys: str) -> str:
        return f"{self._bucket_arn(value)}/{keys}"
