"""Checks of what is logged: that it exists, that AWS takes one more flow log, and that nothing is counted twice."""

from collections.abc import Iterator, Mapping

from local.doctor.account_state import AccountState, FlowLog, NetworkResource
from local.doctor.needs import logged_resources, stack_names
from local.doctor.object_keys import beginnings, overlaps
from local.doctor.verdicts import Verdict, ok, stop, warning
from stacks.settings.deployment import Deployment
from stacks.settings.logged.containment import logged_twice

FLOW_LOGS_OF_A_RESOURCE = 250
"""Flow logs of one resource in an account: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html.
Older pages say 2."""
MOST_NAMED = 3
"""Flow logs that a line names. More: a line that nobody reads. Fewer: it is less clear whose they are."""
SHARED = ("vpc-", "subnet-")
"""What an account may share: the others may log their own interfaces in it, and not the whole.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-service-behavior.html"""


def resources(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The resources of the sources, and whether they are of this account and Region."""
    if account.resources is None:
        return
    for id_ in logged_resources(deployment):
        known = account.resources.get(id_)
        if known is None:
            yield stop(id_, f"does not exist in account {account.account_id}, {account.region}", "Correct sources.")
        elif known.owner and known.owner != account.account_id and id_.startswith(SHARED):
            yield stop(
                id_,
                f"belongs to account {known.owner}, which shares it",
                "Name the network interfaces in it that are yours, or deploy in that account.",
            )
        else:
            yield ok(id_, "exists")


def quotas(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Flow logs that exist already, made by others than this deployment."""
    if account.flow_logs is None:
        return
    for id_ in logged_resources(deployment):
        others = [each for each in account.flow_logs if each.resource_id == id_ and not _is_own(each, deployment)]
        if len(others) >= FLOW_LOGS_OF_A_RESOURCE:
            yield stop(
                id_,
                f"has {len(others)} flow logs; AWS takes {FLOW_LOGS_OF_A_RESOURCE}",
                "Delete one, or name its log group or bucket in existing_log_groups or existing_buckets instead.",
            )
        elif others:
            yield ok(id_, f"has flow logs of others, {len(others)} of {FLOW_LOGS_OF_A_RESOURCE}: {_named(others)}")


def counted_twice(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """A resource that is logged together with what contains it: its records would come twice."""
    containers = {id_: known.inside for id_, known in _known(account).items()}
    for id_, outer in logged_twice(logged_resources(deployment), containers):
        yield stop(id_, f"is inside {outer}, which is logged too: its records would be counted twice", "Name only one.")


def inside_all_vpcs(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """A subnet or interface in a VPC that the source with `all_vpcs` logs."""
    source = deployment.source_of_all_vpcs
    for id_ in logged_resources(deployment) if source else ():
        for outer in _inside(id_, account):
            if source and outer.startswith("vpc-") and outer not in source.except_vpc_ids:
                yield stop(
                    id_,
                    f"is inside {outer}, which all_vpcs logs: its records would be counted twice",
                    f"Put {outer} into except_vpc_ids, or remove {id_}.",
                )


def read_twice(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Existing flow logs that are read, of resources that are logged by this deployment too."""
    read = [each for each in account.flow_logs or () if _is_read(each, deployment, account)]
    for id_ in logged_resources(deployment):
        for each in read:
            if id_ in _logged_by(each, account):
                yield stop(
                    id_,
                    f"is in sources, and {each.id} writes its records to {_destination(each)}, which is read too",
                    "Remove it from sources, or the log group or bucket from the settings.",
                )
    yield from _all_vpcs_read_twice(read, deployment, account)


def _all_vpcs_read_twice(read: list[FlowLog], deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    source = deployment.source_of_all_vpcs
    if source is None:
        return
    left_out = {*source.except_vpc_ids, *logged_resources(deployment)}
    for each in read:
        for id_ in _logged_by(each, account):
            if id_.startswith("vpc-") and id_ not in left_out:
                finding = (
                    f"is logged by all_vpcs, and {each.id} writes its records to {_destination(each)}, which is read"
                )
                mend = f"Put {id_} into except_vpc_ids, or remove the log group or bucket from the settings."
                # Its tags were not asked.
                yield (
                    warning(id_, f"{finding} too, unless except_tags excepts it", mend)
                    if source.except_tags
                    else (stop(id_, f"{finding} too", mend))
                )


def _logged_by(flow_log: FlowLog, account: AccountState) -> tuple[str, ...]:
    """What a flow log has records of: its resource, or a part of what contains that."""
    return (flow_log.resource_id, *_inside(flow_log.resource_id, account))


def _is_read(flow_log: FlowLog, deployment: Deployment, account: AccountState) -> bool:
    """Whether the deployment reads an existing log group or bucket that the flow log writes to, with this prefix."""
    name = _destination(flow_log)
    if not _is_bucket(flow_log):
        return name in {each.name for each in deployment.existing_log_groups}
    keys_begin = beginnings(flow_log.destination.partition(":::")[2].partition("/")[2], account)
    return any(each.name == name and overlaps(each.prefix, keys_begin) for each in deployment.existing_buckets)


def _is_bucket(flow_log: FlowLog) -> bool:
    return ":::" in flow_log.destination


def _known(account: AccountState) -> Mapping[str, NetworkResource]:
    return account.resources or {}


def _inside(id_: str, account: AccountState) -> tuple[str, ...]:
    known = _known(account).get(id_)
    return known.inside if known else ()


def _is_own(flow_log: FlowLog, deployment: Deployment) -> bool:
    """Whether a stack of this deployment made it: a deploy changes it, and makes none beside it."""
    return flow_log.stack in stack_names(deployment)


def _destination(flow_log: FlowLog) -> str:
    """The name of the log group or bucket. Destinations are ARNs, or the name alone of a log group."""
    text = flow_log.destination
    if ":log-group:" in text:
        return text.split(":log-group:")[1].removesuffix(":*")
    return text.split(":::")[1].split("/")[0] if _is_bucket(flow_log) else text


def _named(flow_logs: list[FlowLog]) -> str:
    named = [f"{each.id} to {_destination(each)}" for each in flow_logs[:MOST_NAMED]]
    return ", ".join([*named, *(["…"] if len(flow_logs) > MOST_NAMED else [])])
