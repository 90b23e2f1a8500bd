"""The narratives of what is not known: floods recorded in part, records that AWS skipped, flow logs that stopped."""

from collections.abc import Mapping

from flowsentry.emit.narratives.narrative import Narrative, NarrativeOf, always, number_in
from flowsentry.emit.owner_names import Names
from flowsentry.emit.plain_text import counted, moment, plain
from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import FlowLogState

MAX_KIND_LETTERS = 40


def number_left_out(finding: Finding) -> int:
    """How many sources or findings a flood left out."""
    return number_in(finding.details, "number")


def hour_of(finding: Finding) -> int:
    """The hour (Unix seconds) that a finding is about."""
    return number_in(finding.details, "hour") or finding.first_seen


def hour_text(seconds: int) -> str:
    """`2026-11-03 03:00 UTC`."""
    return moment(seconds).replace(":00 UTC", " UTC")


def _was_flooded(finding: Finding, _names: Names) -> str:
    number, details = number_left_out(finding), finding.details
    if details.get("left_out") == "sources":
        side = "internal" if details.get("side") == "inside" else "external"
        return f"and others were flooded: {counted(number, f'more {side} source')} than are recorded"
    kind = plain(str(details.get("left_out")), MAX_KIND_LETTERS)
    return f"and others: {counted(number, f'more {kind} finding')} than are reported one by one"


def _lacks_records(finding: Finding, _names: Names) -> str:
    return f"lacks flow log records of the hour from {hour_text(hour_of(finding))}: AWS skipped them"


def _is_silent(finding: Finding, _names: Names) -> str:
    since = moment(finding.first_seen)
    if finding.details.get("has_delivered"):
        return f"has no flow log records since {since}"
    return f"has never had flow log records; its flow log was created on {since}"


def _cannot_be_delivered(finding: Finding, _names: Names) -> str:
    return f"has flow log records that AWS can't deliver: {plain(finding.details.get('delivery_error') or 'no reason')}"


def _is_missing(_finding: Finding, _names: Names) -> str:
    return "has no flow log, although this app created one"


FLOOD = Narrative(
    _was_flooded,
    "Look at this today. Too much happened at once: only the largest part is recorded; all is in the flow logs.",
    (
        "Is it expected (a load test, your own scanner, a rule change)? Then add a suppression.",
        "If not: the flow logs show who and what. Source addresses may be spoofed: block by port, not by address.",
        "Read the other alerts of this hour first: a flood may be meant to hide something.",
    ),
)
RECORDS_SKIPPED = Narrative(
    _lacks_records,
    "No action needed now. AWS does not deliver the missing records later: a scan may have been missed.",
    (
        "Are you investigating that hour? Then use the flow logs of the other end, or the host's own logs.",
        "Does the same interface appear again and again? Ask AWS Support: the cause is a limit or an error at AWS.",
    ),
)
FLOW_LOG_SILENT = Narrative(
    _is_silent,
    "Look at this today. Nothing there is monitored, although something runs in it.",
    (
        "Does the flow log exist? aws ec2 describe-flow-logs shows it, DeliverLogsStatus, and the destination.",
        "Does its destination get records? Then its subscription or notification is missing: deploy again.",
        "Does it get none? Then its role, bucket policy or key policy was changed: CloudTrail shows by whom.",
    ),
)
FLOW_LOG_FAILED = Narrative(
    _cannot_be_delivered,
    "Look at this today. Records are missing, and AWS does not deliver them later.",
    (
        "Access error: the role of the flow log, the bucket policy or the key policy was changed. Deploy again.",
        "Rate limited: more records than CloudWatch Logs takes, or too many log groups. Use destination s3.",
        "Unknown error for hours: ask AWS Support.",
    ),
)
FLOW_LOG_MISSING = Narrative(
    _is_missing,
    "Act now. Nothing there is monitored. Attackers delete flow logs before they go on.",
    (
        "Who deleted it? Search CloudTrail for DeleteFlowLogs.",
        "Create it again: remove its VPC from the settings, deploy, add it, deploy. CloudFormation sees no deletion.",
        "Is it no longer to be monitored? Then remove it from the settings and deploy.",
    ),
)


def _of_flow_log(finding: Finding) -> Narrative:
    by_state: dict[str, Narrative] = {FlowLogState.FAILED: FLOW_LOG_FAILED, FlowLogState.MISSING: FLOW_LOG_MISSING}
    return by_state.get(str(finding.details.get("state")), FLOW_LOG_SILENT)


NARRATIVES: Mapping[str, NarrativeOf] = {
    "flood": always(FLOOD),
    "records_skipped": always(RECORDS_SKIPPED),
    "flow_log_stopped": _of_flow_log,
}
