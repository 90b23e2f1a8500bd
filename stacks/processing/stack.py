"""What may be rebuilt at any time: the functions, their triggers, and every grant they have."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from stacks.alerting.function import Alerting
from stacks.constructs.function import House, PythonFunction
from stacks.constructs.layers import Layers
from stacks.constructs.parameters import Value, log_group_value
from stacks.constructs.stack import HouseStack
from stacks.ownership.describe_actions import DESCRIBES, VPC_LINKS
from stacks.ownership.function import SIZE as INVENTORY_SIZE
from stacks.ownership.function import Ownership
from stacks.ownership.inventory_queue import InventoryQueue
from stacks.processing.environment import Environment
from stacks.processing.geo_databases import GeoDatabases
from stacks.processing.processors import ObjectProcessor, StreamProcessor
from stacks.settings.deployment import Deployment
from stacks.settings.existing_flow_logs import outermost, permitted_names
from stacks.sources.log_buckets import FAILED_INVOCATION_PREFIX, LOG_PREFIX
from stacks.state.stack import ENRICHED_PREFIX, REJECTED_PREFIX
from stacks.state.tables import THREAD_INDEX, UNPUBLISHED_INDEX

KEYS_VARY = "One function reads or writes all objects under this prefix, and their keys hold dates and hashes."
"""Why a grant on objects ends in `*`."""
DESCRIBES_KNOW_NO_RESOURCES = "The inventory is of all there is, and most describe calls know no resources."
READS_OF_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
EVIDENCE_ACTIONS = ("BatchGetItem", "GetItem", "Query", "UpdateItem")
CONSUMES = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
READS_OF_A_STREAM = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
"""What Lambda needs to follow a stream without a consumer of its own (that would be `SubscribeToShard` as well).
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html"""


class ProcessingStack(HouseStack):
    """Both processors are always deployed, so that a source can change its way in without losing what is under way."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, log_groups_of: Stack) -> None:
        description = "The functions of Flowsentry"
        super().__init__(scope, id_, deployment=deployment, purpose="processing", description=description)
        timeout = INVENTORY_SIZE.timeout_seconds
        self.requests = InventoryQueue(self, "InventoryRequests", function_timeout_seconds=timeout)
        self.geo_databases = GeoDatabases(self, "GeoDatabases", databases=deployment.geo_databases)
        environment = Environment(self, self.requests, self.geo_databases.addresses)
        house = House(deployment, Layers(self, "Layers", deployment=deployment))
        self.stream = StreamProcessor(self, "StreamProcessor", environment=environment.stream_processor(), house=house)
        self.objects = ObjectProcessor(self, "ObjectProcessor", environment=environment.object_processor(), house=house)
        self.ownership = Ownership(self, "Ownership", environment=environment.inventory(), house=house)
        self.alerting = Alerting(self, "Alerting", environment=environment.notifier(), house=house)
        self._grant_processors()
        self._grant_stream_processor()
        self._grant_object_processor()
        self._grant_inventory()
        self._grant_notifier()
        self._trigger(log_groups_of.stack_name)
        self._publish()

    def _grant_processors(self) -> None:
        evidence, findings = self._table(Value.EVIDENCE_TABLE), self._table(Value.FINDINGS_TABLE)
        log_formats = self.parameter_arn(Value.LOG_FORMATS)
        for function in (self.stream.function, self.objects.function):
            function.allow([f"dynamodb:{action}" for action in EVIDENCE_ACTIONS], evidence)
            function.allow(["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], findings)
            function.allow(["ssm:GetParameter"], log_formats, self.parameter_arn(Value.SUPPRESSIONS))
            for key in (INVENTORY_KEY, SUPPRESSIONS_KEY):
                function.allow(["s3:GetObject"], self._objects(Value.OUTPUT_BUCKET, key))
            function.allow(["s3:ListBucket"], self._bucket(Value.OUTPUT_BUCKET))
            function.allow(["sqs:SendMessage"], self.requests.queue.queue_arn)
            if self.geo_databases.arns:
                function.allow(["s3:GetObject"], *self.geo_databases.arns)
            function.allow_all_of(["ec2:DescribeFlowLogs"], "*", DESCRIBES_KNOW_NO_RESOURCES)
            for prefix in (ENRICHED_PREFIX, REJECTED_PREFIX):
                function.allow_all_of(["s3:PutObject"], self._objects(Value.OUTPUT_BUCKET, f"{prefix}*"), KEYS_VARY)

    def _grant_stream_processor(self) -> None:
        """What Lambda needs to keep failed invocations, and to read the stream where there is one."""
        kept = f"{FAILED_INVOCATION_PREFIX}*"
        function = self.stream.function
        function.allow_all_of(["s3:PutObject"], self._objects(Value.FAILED_INVOCATION_BUCKET, kept), KEYS_VARY)
        function.allow(["s3:ListBucket"], self._bucket(Value.FAILED_INVOCATION_BUCKET))
        if self.deployment.has_payload_stream:
            function.allow(READS_OF_A_STREAM, self.read(Value.PAYLOAD_STREAM_ARN))

    def _grant_object_processor(self) -> None:
        function = self.objects.function
        function.allow(CONSUMES, self.read(Value.OBJECT_QUEUE_ARN))
        function.allow(["sqs:SendMessage"], self.read(Value.OBJECT_DLQ_ARN))
        remember = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        function.allow(remember, self._table(Value.IDEMPOTENCY_TABLE))
        for bucket, prefix in (
            (Value.LOG_BUCKET, LOG_PREFIX),
            (Value.FAILED_INVOCATION_BUCKET, FAILED_INVOCATION_PREFIX),
        ):
            function.allow_all_of(READS_OF_OBJECTS, self._objects(bucket, f"{prefix}*"), KEYS_VARY)
            function.allow(["s3:ListBucket"], self._bucket(bucket))
        self._grant_existing_buckets()

    def _grant_existing_buckets(self) -> None:
        function, buckets = self.objects.function, self.deployment.existing_buckets
        for each in outermost(buckets):
            arn = self._arn_of_bucket(each.name)
            function.allow_all_of(READS_OF_OBJECTS, f"{arn}/{each.prefix}*", KEYS_VARY)
            function.allow(["s3:ListBucket"], arn)
        for key_arn in sorted({each.kms_key_arn for each in buckets if each.kms_key_arn}):
            function.allow(["kms:Decrypt"], key_arn)

    def _grant_inventory(self) -> None:
        """The roles of other accounts say for themselves whether they may be assumed, and what they see."""
        function = self.ownership.function
        function.allow_all_of(DESCRIBES, "*", DESCRIBES_KNOW_NO_RESOURCES)
        for region in (self.region, *self.deployment.inventory_regions):
            function.allow([VPC_LINKS], f"arn:{self.partition}:apigateway:{region}::/vpclinks")
        if roles := sorted({place.role_arn for place in self.deployment.inventory_targets}):
            function.allow(["sts:AssumeRole"], *roles)
        for statement in self.ownership.clusters.statements():
            function.add_to_role_policy(statement)
        function.allow(["ssm:GetParameter"], self.parameter_arn(Value.INVENTORY_TARGETS))
        function.allow([*CONSUMES, "sqs:SendMessage"], self.requests.queue.queue_arn)
        function.allow(["sqs:SendMessage"], self.requests.dead_letters.queue_arn)
        for key in (INVENTORY_KEY, CLAIMS_KEY):
            function.allow(["s3:GetObject", "s3:PutObject"], self._objects(Value.OUTPUT_BUCKET, key))
        function.allow(["s3:ListBucket"], self._bucket(Value.OUTPUT_BUCKET))

    def _grant_notifier(self) -> None:
        function = self.alerting.function
        findings = self._table(Value.FINDINGS_TABLE)
        follow = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
        function.allow_all_of(follow, f"{findings}/stream/*", "A stream's name is the time it was made at.")
        indexes = [f"{findings}/index/{index}" for index in (UNPUBLISHED_INDEX, THREAD_INDEX)]
        function.allow(["dynamodb:Query"], *indexes)
        function.allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], findings)
        function.allow(["kms:Decrypt", "kms:GenerateDataKey"], self.read(Value.ALERT_KEY_ARN))
        function.allow(["ssm:GetParameter"], self.parameter_arn(Value.SUPPRESSIONS))
        function.allow(["s3:GetObject", "s3:PutObject"], self._objects(Value.OUTPUT_BUCKET, SUPPRESSIONS_KEY))
        function.allow(["s3:ListBucket"], self._bucket(Value.OUTPUT_BUCKET))
        self._grant_channels(function)

    def _grant_channels(self, function: PythonFunction) -> None:
        """Whatever the settings have the notifier tell."""
        deployment = self.deployment
        topics = [Value.ALERT_TOPIC_ARN]
        topics += [Value.DIGEST_TOPIC_ARN] if deployment.digest_topic else []
        topics += [Value.CHAT_TOPIC_ARN] if deployment.chat_topic else []
        function.allow(["sns:Publish"], *(self.read(topic) for topic in topics))
        if bus := deployment.event_bus:
            named = self.format_arn(service="events", resource="event-bus", resource_name=bus)
            function.allow(["events:PutEvents"], bus if bus.startswith("arn:") else named)
        if deployment.security_hub:
            own_product = f"product/{self.account}/default"
            hub = self.format_arn(service="securityhub", resource=own_product, arn_format=ArnFormat.NO_RESOURCE_NAME)
            function.allow(["securityhub:BatchImportFindings"], hub)

    def _trigger(self, log_group_prefix: str) -> None:
        """Last, because Lambda checks a function's grants when a trigger is made."""
        self.stream.keep_failures_in(self._bucket(Value.FAILED_INVOCATION_BUCKET))
        self._subscribe(log_group_prefix)
        self.objects.take_from(self.read(Value.OBJECT_QUEUE_ARN))
        self.ownership.take_from(self.requests.queue.queue_arn)
        self.requests.mark_changes()
        self.alerting.follow(self.read(Value.FINDINGS_STREAM_ARN))
        self.alerting.sweep()

    def _subscribe(self, log_group_prefix: str) -> None:
        """Each log group, made by the app or not, to the function, or to the stream that the function follows."""
        made = {id_: self.read(log_group_value(id_)) for id_ in self.deployment.log_groups}
        existing = {each.id: each.name for each in self.deployment.existing_log_groups}
        self.stream.subscribe(self._direct(made), f"{log_group_prefix}-*")
        ids = {name: id_ for id_, name in self._direct(existing).items()}
        for pattern, names in permitted_names(list(ids)).items():
            self.stream.subscribe({ids[name]: name for name in names}, pattern)
        if self.deployment.has_payload_stream:
            stream_arn = self.read(Value.PAYLOAD_STREAM_ARN)
            followed = self.stream.follow(stream_arn, self._bucket(Value.FAILED_INVOCATION_BUCKET))
            all_of_them = made | existing
            if streamed := {id_: all_of_them[id_] for id_ in all_of_them if id_ in self.deployment.streamed_log_groups}:
                self.stream.subscribe_through(stream_arn, streamed, followed)

    def _direct(self, log_groups: Mapping[str, str]) -> dict[str, str]:
        """Those (name by id) whose payloads do not go through the stream."""
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

    def _table(self, value: Value) -> str:
        return self.format_arn(service="dynamodb", resource="table", resource_name=self.read(value))

    def _bucket(self, value: Value) -> str:
        return self._arn_of_bucket(self.read(value))

    def _arn_of_bucket(self, name: str) -> str:
        return self.format_arn(
            service="s3", resource=name, region="", account="", arn_format=ArnFormat.NO_RESOURCE_NAME
        )

    def _objects(self, value: Value, keys: str) -> str:
        return f"{self._bucket(value)}/{keys}"
