"""Asks an account about what the settings name."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flowsentry.aws.findings.item import CONTROL_PREFIX, key_of
from flowsentry.aws.notifications.pause import PAUSE_ITEM, Pause
from flowsentry.aws.notifications.recipients import NOT_CONFIRMED
from local.doctor.account_state import AccountState, Cluster, Concurrency, Deployed, FlowLog, NetworkResource
from local.doctor.destination_reader import buckets_in, keys_in, log_groups_in
from local.doctor.needs import bucket_names, key_arns, logged_resources, of_function
from local.doctor.questions import NotAnsweredError, NotFoundError, Questions
from local.doctor.way_in.reader import logged_volume
from stacks.constructs.parameters import Value, parameter_name
from stacks.settings.deployment import Deployment

DEFAULT_QUALIFIER = "hnb659fds"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/{qualifier}/version"
"""https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""
MAX_FILTER_VALUES = 200
"""Values of a filter of EC2. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html"""
STACK_TAG = "aws:cloudformation:stack-name"
TOPICS = (Value.ALERT_TOPIC_ARN, Value.DIGEST_TOPIC_ARN, Value.CHAT_TOPIC_ARN, Value.OPERATOR_TOPIC_ARN)
KINDS: Mapping[str, tuple[str, str, str]] = {
    "vpc-": ("describe_vpcs", "Vpcs", "vpc-id"),
    "subnet-": ("describe_subnets", "Subnets", "subnet-id"),
    "eni-": ("describe_network_interfaces", "NetworkInterfaces", "network-interface-id"),
    "tgw-attach-": (
        "describe_transit_gateway_attachments",
        "TransitGatewayAttachments",
        "transit-gateway-attachment-id",
    ),
    "tgw-": ("describe_transit_gateways", "TransitGateways", "transit-gateway-id"),
    "sg-": ("describe_security_groups", "SecurityGroups", "group-id"),
}
"""Call, key of the answer and filter for the resources whose IDs begin so; the longer beginning first."""
PAUSE_KEY = key_of(f"{CONTROL_PREFIX}{PAUSE_ITEM}")
OWN_IDS = (
    *("TransitGatewayAttachmentId", "NetworkInterfaceId", "SubnetId", "GroupId"),
    *("TransitGatewayId", "VpcId"),
)
"""The keys of an answer that identify a resource or what contains it; the first one there is its own."""

Answer = TypeVar("Answer")


def account_state_of(
    deployment: Deployment, questions: Questions, region: str, qualifier: str | None = None
) -> AccountState:
    """The state of the account that the questions go to; `qualifier` is that of its bootstrap stack. Raises
    NotAnsweredError where not even the caller's identity can be asked.
    """
    identity, asked_at = questions.ask("sts", "get_caller_identity"), int(time.time())
    network_ids = (*logged_resources(deployment), *of_function(deployment))
    answers: dict[str, Any] = {
        "bootstrap_version": _answered(lambda: _bootstrap_version(qualifier or DEFAULT_QUALIFIER, questions)),
        "concurrency": _answered(lambda: _concurrency(questions)),
        "has_boundary": _answered(lambda: _has_boundary(deployment.permissions_boundary, questions)),
        "roles": _answered(lambda: _roles([deployment.inventory_role_name(region)], questions)),
        "resources": _answered(lambda: _resources(network_ids, questions)),
        "flow_logs": _answered(lambda: _flow_logs(questions)),
        "log_groups": _answered(lambda: log_groups_in([g.name for g in deployment.existing_log_groups], questions)),
        "buckets": _answered(lambda: buckets_in(bucket_names(deployment), questions)),
        "keys": _answered(lambda: keys_in(key_arns(deployment), questions)),
        "clusters": _answered(lambda: _clusters(deployment, region, questions)),
        "event_buses": _answered(lambda: _event_buses(deployment.event_bus, questions)),
        "has_security_hub": _answered(lambda: deployment.security_hub and _has_security_hub(questions)),
        "deployed": _answered(lambda: _deployed(deployment, questions)),
        "stream_shards": _answered(lambda: _stream_shards(deployment, questions)),
    }
    flow_logs = answers["flow_logs"] or []
    answers["logged_volume"] = _answered(lambda: logged_volume(deployment, flow_logs, questions, asked_at))
    return AccountState(
        account_id=identity["Account"],
        caller=identity["Arn"],
        region=region,
        asked_at=asked_at,
        unasked=tuple(questions.unasked.values()),
        **answers,
    )


def _answered(question: Callable[[], Answer]) -> Answer | None:
    """The answer; None for a question that AWS did not answer."""
    try:
        return question()
    except NotAnsweredError:
        return None


def _bootstrap_version(qualifier: str, questions: Questions) -> int:
    """The version of the bootstrap stack; 0 without one."""
    name = BOOTSTRAP_PARAMETER.format(qualifier=qualifier)
    try:
        return int(questions.ask("ssm", "get_parameter", Name=name)["Parameter"]["Value"])
    except (NotFoundError, ValueError):
        return 0


def _concurrency(questions: Questions) -> Concurrency:
    limits = questions.ask("lambda", "get_account_settings")["AccountLimit"]
    limit = int(limits["ConcurrentExecutions"])
    return Concurrency(limit, int(limits.get("UnreservedConcurrentExecutions", limit)))


def _has_boundary(arn: str, questions: Questions) -> bool | None:
    """Whether the policy exists; None where there is none in the settings."""
    if not arn:
        return None
    try:
        questions.ask("iam", "get_policy", PolicyArn=arn)
    except NotFoundError:
        return False
    return True


def _roles(names: Iterable[str], questions: Questions) -> dict[str, str]:
    """The stacks that made those of these roles that exist; no text for a role that no stack made."""
    found = {}
    for name in names:
        try:
            questions.ask("iam", "get_role", RoleName=name)
        except NotFoundError:
            continue
        found[name] = _stack_of(name, questions)
    return found


def _stack_of(physical_id: str, questions: Questions) -> str:
    try:
        answer = questions.ask("cloudformation", "describe_stack_resources", PhysicalResourceId=physical_id)
    except NotFoundError:
        return ""
    return next((str(each["StackName"]) for each in answer["StackResources"]), "")


def _resources(ids: Iterable[str], questions: Questions) -> dict[str, NetworkResource]:
    found: dict[str, NetworkResource] = {}
    for beginning, named in _by_kind(ids).items():
        operation, key, name = KINDS[beginning]
        for start in range(0, len(named), MAX_FILTER_VALUES):
            filters = [{"Name": name, "Values": named[start : start + MAX_FILTER_VALUES]}]
            for each in questions.pages("ec2", operation, key, Filters=filters):
                known = _resource(each)
                found[known.id] = known
    return found


def _by_kind(ids: Iterable[str]) -> dict[str, list[str]]:
    """The distinct IDs by the beginning of their kind."""
    named: dict[str, list[str]] = {}
    for id_ in dict.fromkeys(ids):
        beginning = next(each for each in KINDS if id_.startswith(each))
        named.setdefault(beginning, []).append(id_)
    return named


def _resource(answer: Mapping[str, Any]) -> NetworkResource:
    own, *inside = [answer[key] for key in OWN_IDS if answer.get(key)]
    return NetworkResource(own, tuple(inside), str(answer.get("OwnerId", "")))


def _flow_logs(questions: Questions) -> list[FlowLog]:
    return [
        FlowLog(
            each["FlowLogId"],
            each.get("ResourceId", ""),
            each.get("LogDestination") or each.get("LogGroupName", ""),
            next((tag["Value"] for tag in each.get("Tags", ()) if tag["Key"] == STACK_TAG), ""),
        )
        for each in questions.pages("ec2", "describe_flow_logs", "FlowLogs")
    ]


def _clusters(deployment: Deployment, region: str, questions: Questions) -> dict[str, Cluster]:
    """Those in this Region: an access entry is made in no other."""
    found = {}
    for each in deployment.kubernetes_clusters:
        if each.region not in ("", region):
            continue
        try:
            answer = questions.ask("eks", "describe_cluster", name=each.name)["cluster"]
        except NotFoundError:
            continue
        mode = answer.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP")
        is_public = answer.get("resourcesVpcConfig", {}).get("endpointPublicAccess", True)
        found[each.id] = Cluster(answer.get("status", ""), mode, is_public)
    return found


def _event_buses(bus: str, questions: Questions) -> frozenset[str]:
    """The bus of the settings, if it exists. One of another account can't be described."""
    if not bus or bus.startswith("arn:"):
        return frozenset()
    try:
        questions.ask("events", "describe_event_bus", Name=bus)
    except NotFoundError:
        return frozenset()
    return frozenset({bus})


def _has_security_hub(questions: Questions) -> bool:
    try:
        questions.ask("securityhub", "describe_hub")
    except NotFoundError:
        return False
    return True


def _deployed(deployment: Deployment, questions: Questions) -> Deployed | None:
    """What the deployment says, if there is one already."""
    try:
        table = _parameter(deployment, Value.FINDINGS_TABLE, questions)
        item = questions.ask("dynamodb", "get_item", TableName=table, Key=PAUSE_KEY).get("Item", {})
    except NotFoundError:
        return None
    without, pending = [], []
    for topic in TOPICS:
        try:
            arn = _parameter(deployment, topic, questions)
            listed = questions.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        except NotFoundError:
            continue
        waiting = [each for each in listed if each["SubscriptionArn"] in NOT_CONFIRMED]
        pending += [f"{each['Protocol']} {each['Endpoint']}" for each in waiting]
        without += [topic.removesuffix("-arn")] if len(waiting) == len(listed) else []
    pause = Pause.of(item)
    return Deployed(pause.ends_at, pause.by, tuple(without), tuple(pending))


def _stream_shards(deployment: Deployment, questions: Questions) -> int:
    """The open shards of the deployment's data stream; 0 where it has none yet, or will have none."""
    if not deployment.has_payload_stream:
        return 0
    try:
        arn = _parameter(deployment, Value.PAYLOAD_STREAM_ARN, questions)
        answer = questions.ask("kinesis", "describe_stream_summary", StreamName=arn.rpartition("/")[2])
    except NotFoundError:
        return 0
    return int(answer["StreamDescriptionSummary"]["OpenShardCount"])


def _parameter(deployment: Deployment, value: Value, questions: Questions) -> str:
    return str(questions.ask("ssm", "get_parameter", Name=parameter_name(deployment, value))["Parameter"]["Value"])
