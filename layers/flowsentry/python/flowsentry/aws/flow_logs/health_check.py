"""The scheduled check of each flow log: is it there, does AWS deliver, do records arrive, how many are skipped?"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, Self

import polars as pl

from flowsentry.aws import clients
from flowsentry.aws.findings.suppressions import LiveSuppressions
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.flow_logs.activity_table import ActivityTable
from flowsentry.aws.flow_logs.coverage_parameter import CoverageParameter
from flowsentry.detect.flow_log_stopped import FlowLogCheck, flow_log_stopped, is_quiet
from flowsentry.emit.log_lines.findings import finding_lines
from flowsentry.emit.log_lines.flow_logs import flow_logs_line
from flowsentry.findings.finding import Finding, FindingStore
from flowsentry.findings.kinds import FlowLogState
from flowsentry.findings.suppressions import Suppressions, suppressed
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.flow_logs import Activity, Coverage, FlowLog, FlowLogHealth
from flowsentry.settings import InventorySettings
from flowsentry.telemetry import count_by, gauge, logger, print_lines
from flowsentry.value import Value

MAX_ASKED = 50
"""Quiet flow logs of a run whose resources are asked whether anything runs in them, those that are quiet for longest
first; two calls each. More: longer runs when all are quiet at once. Fewer: in such an outage the others are named when
the first ones deliver again."""
MIN_RECORDS = 1_000
"""Records of a flow log in two hours from which its share of skipped records is judged. Higher: gaps of a quiet VPC are
in the digest only. Lower: one skipped record of a VPC with little traffic raises the alarm."""
MAX_NAMED = 20
"""VPCs without flow log that the log names. More: longer log lines. Fewer: the others must be looked up."""


class Target(Protocol):
    """An account and Region whose flow logs were described."""

    @property
    def target(self) -> str: ...

    def running_since(self, resource_id: str) -> float | None: ...

    def names_of(self, resource_ids: Iterable[str]) -> dict[str, str]: ...


class ActivityReader(Protocol):
    """The stored activity of flow logs."""

    def newest(self, flow_log_ids: Iterable[str]) -> dict[str, Activity]: ...


class HealthCheck(Value, frozen=True):
    """Checks the flow logs that the deployment reads, puts a finding for each that stopped, and emits four metrics. A
    suppressed finding does not count.
    """

    activity: ActivityReader
    findings: FindingStore
    suppressions: Callable[[], Suppressions]
    coverage: CoverageParameter
    silent_seconds: int
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, given: InventorySettings) -> Self:
        """The check for a function's settings."""
        return cls(
            ActivityTable(given.evidence_table, clients.dynamodb()),
            FindingTable(given.findings_table, clients.dynamodb(), observe_only_until=given.observe_only_until),
            LiveSuppressions.of(given.output_bucket, given.suppressions_key, given.suppressions_parameter).load,
            CoverageParameter(given.coverage_parameter, clients.ssm()),
            given.freshness_minutes * 60,
        )

    def run(self, inventory: Inventory, targets: Sequence[Target], coverage: Coverage) -> list[Finding]:
        """The findings of this run, suppressed ones included. The first target is the account and Region of the
        deployment. `coverage` was read before the inventory was discovered, so that a flow log that is deployed
        meanwhile is not missing. Raises RetryableError when a store can't be reached; a second run is harmless.
        """
        now = int(self.clock())
        own = targets[0].target if targets else ""
        covered = {each.target: _covered(inventory, each.target, own, coverage) for each in targets}
        activity = self.activity.newest(each.flow_log_id for logs in covered.values() for each in logs)
        health = {
            target: [FlowLogHealth(each, activity.get(each.flow_log_id)) for each in logs]
            for target, logs in covered.items()
        }
        asked = self._asked(health, targets, now)
        missing = _missing(inventory, targets, coverage)
        check = FlowLogCheck(now, self.silent_seconds, tuple(asked), tuple(missing))
        found = flow_log_stopped(replace(check, names=_names(flow_log_stopped(check), health, targets)))
        stopped = list(suppressed(found, self.suppressions(), now))
        _count_new(self.findings.put_new(self.findings.unknown(stopped)))
        _report([each for each in stopped if not each.suppressed_by])
        _report_skipped(asked)
        print_lines(filter(None, [flow_logs_line(asked, now)]))
        _report_uncovered(uncovered_vpcs(inventory, own, coverage))
        return stopped

    def _asked(
        self, health: Mapping[str, Sequence[FlowLogHealth]], targets: Sequence[Target], now: int
    ) -> list[FlowLogHealth]:
        """The health of all flow logs; of quiet ones with the time since when something runs in their resources."""
        by_name = {each.target: each for each in targets}
        rows = [(target, each) for target, of_target in health.items() for each in of_target]
        rows.sort(key=lambda row: (row[1].seen_at, row[1].flow_log.flow_log_id))
        quiet = [row for row in rows if is_quiet(row[1], now, self.silent_seconds)]
        since = {
            each.flow_log.flow_log_id: by_name[target].running_since(each.flow_log.resource_id)
            for target, each in quiet[:MAX_ASKED]
        }
        return [replace(each, running_since=since.get(each.flow_log.flow_log_id)) for _, each in rows]


def _covered(inventory: Inventory, target: str, own: str, coverage: Coverage) -> list[FlowLog]:
    """The flow logs of a target that the deployment reads, whose own target is `own`."""
    state = inventory.target_states.get(target)
    read = coverage if target == own else coverage.elsewhere
    return [each for each in (state.flow_logs or ()) if read.includes(each)] if state else []


def _missing(inventory: Inventory, targets: Sequence[Target], coverage: Coverage) -> list[str]:
    """The resources of the deployment without a flow log; none while those of its Region are unknown."""
    state = inventory.target_states.get(targets[0].target) if targets else None
    return [] if state is None or state.flow_logs is None else coverage.missing(state.flow_logs)


def _names(
    found: Iterable[Finding], health: Mapping[str, Sequence[FlowLogHealth]], targets: Sequence[Target]
) -> dict[str, str]:
    """The Name tags of the resources of these findings."""
    wanted, names = {each.subject for each in found}, dict[str, str]()
    for index, target in enumerate(targets):
        known = {each.flow_log.resource_id for each in health[target.target]}
        if asked := {each for each in wanted if each in known or (index == 0 and each not in names)}:
            names |= target.names_of(asked)
    return names


def uncovered_vpcs(inventory: Inventory, own: str, coverage: Coverage) -> list[str]:
    """The VPCs of all targets that have network interfaces and no flow log that the deployment reads, of themselves, a
    subnet or an interface. VPCs of targets whose flow logs are unknown are left out.
    """
    described = {target: state for target, state in inventory.target_states.items() if state.flow_logs is not None}
    latest = {target: state.taken_at for target, state in described.items()}
    rows = inventory.assignments.select(
        *(pl.col(name).cast(pl.String) for name in ("target", "vpc_id", "subnet_id", "interface_id")), "last_seen"
    )
    taken_at = pl.col("target").replace_strict(latest, default=None, return_dtype=pl.Int64)
    present = rows.filter(pl.col("last_seen") >= taken_at, pl.col("interface_id").is_not_null())
    recorded = [each.resource_id for target in described for each in _covered(inventory, target, own, coverage)]
    is_recorded = pl.any_horizontal(pl.col("vpc_id", "subnet_id", "interface_id").is_in(recorded))
    vpcs = present.group_by("vpc_id").agg(is_recorded.any().alias("is_recorded"))
    return sorted(vpcs.filter(~pl.col("is_recorded"), pl.col("vpc_id") != "")["vpc_id"])


def _count_new(findings: Sequence[Finding]) -> None:
    count_by("FindingsRaised", Counter(each.kind for each in findings if not each.suppressed_by))
    count_by("FindingsSuppressed", Counter(each.kind for each in findings if each.suppressed_by))
    print_lines(finding_lines(findings))


def _report(stopped: Sequence[Finding]) -> None:
    failed = [each for each in stopped if each.details["delivery_error"]]
    gauge("SilentFlowLogs", sum(each.details["state"] != FlowLogState.FAILED for each in stopped))
    gauge("FailedFlowLogs", len(failed))
    for each in stopped:
        details = {name: each.details[name] for name in ("state", "flow_log", "destination", "delivery_error")}
        logger().error("flow log stopped", extra={"resource": each.subject, "since": each.first_seen, **details})


def _report_skipped(health: Iterable[FlowLogHealth]) -> None:
    """Emits the highest share of skipped records of a flow log, and names it."""
    judged = [each for each in health if each.activity and each.activity.records + each.activity.skipped >= MIN_RECORDS]
    percents = {each.flow_log: each.activity.skipped_percent for each in judged if each.activity}
    worst = max(percents, key=lambda each: percents[each], default=None)
    gauge("SkippedRecordsPercent", percents[worst] if worst else 0)
    if worst and percents[worst]:
        extra = {"resource": worst.resource_id, "flow_log": worst.flow_log_id, "percent": round(percents[worst], 2)}
        logger().warning("records skipped", extra=extra)


def _report_uncovered(vpc_ids: Sequence[str]) -> None:
    gauge("VpcsWithoutFlowLog", len(vpc_ids))
    if vpc_ids:
        logger().info("VPCs without flow log", extra={"vpcs": vpc_ids[:MAX_NAMED], "number": len(vpc_ids)})
