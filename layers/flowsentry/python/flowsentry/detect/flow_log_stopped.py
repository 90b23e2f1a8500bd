"""A flow log stopped: no records arrive, AWS can't deliver them, or the flow log was deleted.

Why it matters: nothing in that VPC, subnet or interface is monitored any more, while everything else looks as before.
An attacker who may delete flow logs, or change the policy of their destination, does that first.
Innocent look-alikes: a new flow log, which delivers its first records after ten minutes or more; a VPC in which nothing
runs, since an interface of a stopped instance writes no records (an interface without traffic writes NODATA records,
which count as a sign of life); a flow log of only accepted or only rejected traffic, which is never judged by its
silence.
ATT&CK: T1562.008, Impair Defenses: Disable or Modify Cloud Logs, where a flow log is missing. CloudTrail shows who
called DeleteFlowLogs.
"""

from collections.abc import Iterator, Mapping

from msgspec import field

from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS, FlowLogState
from flowsentry.inventory.source_address import UNKNOWN_SCOPE
from flowsentry.records.flow_logs import FlowLog, FlowLogHealth
from flowsentry.value import Value

KIND = KINDS["flow_log_stopped"]
MIN_FIRST_SECONDS = 3_600
"""Time that a new flow log has for its first records, at least. AWS needs ten minutes, or more before a log group
exists. Higher: a flow log that never worked is noticed later. Lower: a first deployment raises an alarm.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-troubleshooting.html"""


class FlowLogCheck(Value, frozen=True):
    """What a check of flow logs knows, at Unix second `now`: the `health` of each flow log, `missing` resources of the
    deployment that have none, and Name tags by resource. A flow log is silent after `silent_seconds`.
    """

    now: int
    silent_seconds: int
    health: tuple[FlowLogHealth, ...] = ()
    missing: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def flow_log_stopped(check: FlowLogCheck) -> list[Finding]:
    """A finding for each flow log that is silent, or else whose delivery fails, and for each resource without one. That
    of a silent flow log has the same id until records arrive again; the others have a new id each day (UTC).
    """
    return [*_silent_or_failed(check), *(_missing(resource_id, check) for resource_id in check.missing)]


def is_quiet(health: FlowLogHealth, now: float, silent_seconds: int) -> bool:
    """Whether no records were processed for so long that it is silent if anything runs in its resource."""
    allowed = silent_seconds if health.activity else max(silent_seconds, MIN_FIRST_SECONDS)
    return health.flow_log.has_all_traffic and now - health.seen_at > allowed


def is_silent(health: FlowLogHealth, now: float, silent_seconds: int) -> bool:
    """Whether it is quiet, and something has run in its resource for at least as long."""
    since = health.running_since
    return since is not None and now - since > silent_seconds and is_quiet(health, now, silent_seconds)


def _silent_or_failed(check: FlowLogCheck) -> Iterator[Finding]:
    for health in check.health:
        flow_log = health.flow_log
        if is_silent(health, check.now, check.silent_seconds):
            yield _finding(FlowLogState.SILENT, flow_log, health.seen_at, str(health.seen_at), check)
        elif flow_log.delivery_error:
            yield _finding(FlowLogState.FAILED, flow_log, check.now, _day(check), check)


def _missing(resource_id: str, check: FlowLogCheck) -> Finding:
    no_flow_log = FlowLog("", resource_id, "", 0)
    return _finding(FlowLogState.MISSING, no_flow_log, check.now, _day(check), check)


def _day(check: FlowLogCheck) -> str:
    return str(check.now // SECONDS_A_DAY)


def _finding(state: FlowLogState, flow_log: FlowLog, since: int, episode: str, check: FlowLogCheck) -> Finding:
    resource_id = flow_log.resource_id
    name = check.names.get(resource_id, resource_id)
    return Finding(
        id=finding_id(KIND.name, state, resource_id, flow_log.flow_log_id, episode),
        thread=finding_id(KIND.name, state, resource_id, flow_log.flow_log_id),
        kind=KIND.name,
        severity=KIND.severity(state),
        title=f"{name}: its flow log is {state}",
        subject=resource_id,
        scope=resource_id if resource_id.startswith("vpc-") else UNKNOWN_SCOPE,
        first_seen=since,
        last_seen=check.now,
        details={
            "state": state.value,
            "flow_log": flow_log.flow_log_id,
            "flow_log_name": flow_log.name,
            "destination": flow_log.destination,
            "delivery_error": flow_log.delivery_error,
            "has_delivered": bool(flow_log.flow_log_id) and since != flow_log.created_at,
            "subject_owner": {"kind": "", "id": resource_id, "name": name},
            "technique": KIND.technique(state),
        },
    )
