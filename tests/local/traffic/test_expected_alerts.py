"""The scenarios, through both delivery paths and the pipeline, raise exactly their expected alerts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from flowsentry.decode import object_texts
from flowsentry.emit.alert_message import alert_message
from flowsentry.findings.finding import Finding, Severity
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.inventory import Inventory
from flowsentry.pipeline import Context, Stores, process
from flowsentry.records.fields import DEFAULT_NAMES
from local.traffic.company.network import Company, DeliveryPath
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.delivery import FlowLog, event_batches, objects
from local.traffic.generation import MIN_HOURS, Traffic, generate
from local.traffic.records import ALL_NAMES, Record, is_skipped
from local.traffic.scenarios import SCENARIOS
from local.traffic.scenarios.quiet_office_hours import ADMINISTRATOR

AFTERNOON = int(datetime(2026, 11, 19, 17, 0, 20, tzinfo=UTC).timestamp())
AFTER_MIDNIGHT = int(datetime(2026, 11, 19, 2, 0, 0, tzinfo=UTC).timestamp())


@dataclass
class PipelineRun:
    """The pipeline with stores in memory, fed one delivery after another."""

    context: Context
    names: tuple[str, ...] = ALL_NAMES
    batch_seconds: int = 300
    evidence: EvidenceInMemory = field(default_factory=EvidenceInMemory)
    found: FindingsInMemory = field(default_factory=FindingsInMemory)

    def __post_init__(self) -> None:
        self.stores = Stores(self.evidence, self.found)

    def take(self, company: Company, traffic: Traffic) -> None:
        for network in company.networks:
            for texts in self._deliveries(network.delivery_path, company, traffic.records[network.name]):
                outcome = process(texts, self.context, self.stores)
                assert outcome.rejected.total == 0

    def _deliveries(
        self, delivery_path: DeliveryPath, company: Company, records: list[Record]
    ) -> Iterator[Iterable[LogText]]:
        if delivery_path is DeliveryPath.S3:
            flow_log = FlowLog("fl-0a1b2c3d4e5f60718", company.account_id, company.region, self.names)
            yield from (object_texts([body]) for _, body in objects(records, flow_log))
        else:
            for batch in event_batches(records, self.names, self.batch_seconds):
                text = "".join(f"{message}\n" for _, message in batch.events)
                yield [LogText(self.names, text.encode(), 1)]

    def alerts(self) -> list[Finding]:
        return [finding for finding in self.found.findings.values() if finding.severity is not Severity.BACKGROUND]


def context_of(inventory: Inventory) -> Context:
    return Context(inventory, trusted_networks=TRUSTED_NETWORKS)


def raised(watch: PipelineRun) -> list[tuple[str, str, Severity]]:
    """The raised alerts without duplicates: a scan may raise one per UTC day."""
    return sorted({(each.kind, each.subject, each.severity) for each in watch.alerts()})


def expected(traffic: Traffic) -> list[tuple[str, str, Severity]]:
    return sorted((each.kind, each.subject, each.severity) for each in traffic.expected)


@pytest.fixture(scope="module")
def watched(company: Company, inventory: Inventory, traffic: Traffic) -> PipelineRun:
    watch = PipelineRun(context_of(inventory), batch_seconds=3600)
    watch.take(company, traffic)
    return watch


def test_all_scenarios_together_raise_the_alerts_of_each(watched: PipelineRun, traffic: Traffic) -> None:
    assert raised(watched) == expected(traffic)


def test_another_seed_midnight_and_the_default_format_raise_the_same_alerts(
    company: Company, inventory: Inventory
) -> None:
    """UTC midnight is in the middle, and payloads of CloudWatch Logs are of six hours."""
    watch = PipelineRun(context_of(inventory), names=DEFAULT_NAMES, batch_seconds=21600)
    traffic = generate(company, AFTER_MIDNIGHT, seed=2, hours=4)
    watch.take(company, traffic)
    assert raised(watch) == expected(traffic)


def test_the_rule_that_denies_each_blocked_path_is_named(watched: PipelineRun, traffic: Traffic) -> None:
    planted = [each for each in traffic.expected if each.denied_by]
    assert len(planted) == 5
    for each in planted:
        texts = [(found, alert_message(found).text) for found in watched.alerts() if each.is_met_by(found)]
        assert texts
        assert all(each.is_explained_by(found, text) for found, text in texts)


def test_the_rule_that_allows_an_external_login_is_named(watched: PipelineRun) -> None:
    sessions = [each for each in watched.alerts() if each.kind == "remote_login"]
    assert len(sessions) == 2
    for each in sessions:
        assert "shop-bastion: inbound rule" in each.details["allowance"]["sentence"]
        assert " from 0.0.0.0/0, and by network ACL " in each.details["allowance"]["sentence"]


def test_without_a_trusted_network_the_administrators_login_is_the_only_alert_of_quiet_hours(
    company: Company, inventory: Inventory
) -> None:
    watch = PipelineRun(Context(inventory), batch_seconds=10800)
    watch.take(company, generate(company, AFTERNOON, hours=MIN_HOURS, scenarios=SCENARIOS[:1]))
    assert {(each.kind, each.subject) for each in watch.alerts()} == {("remote_login", ADMINISTRATOR.address)}


def test_an_explanation_must_have_the_layer_and_texts_of_the_rule(traffic: Traffic) -> None:
    alert = next(each for each in traffic.expected if each.denied_by)
    found = Finding("1", alert.kind, alert.severity, "", alert.subject, "", 0, 0)
    right = replace(found, details={"refusal": {"layer": "network_acl"}})
    text = "by network ACL acl-1 office-data-b: rule 90 denies tcp/5432 from 10.20.0.0/23"
    assert alert.is_explained_by(right, text)
    assert not alert.is_explained_by(right, text.replace("90", "100"))
    assert not alert.is_explained_by(replace(found, details={"refusal": {"layer": "security_group"}}), text)
    assert not alert.is_explained_by(found, text)


def test_unanswered_scanners_are_background(watched: PipelineRun) -> None:
    background = [each for each in watched.found.findings.values() if each.severity is Severity.BACKGROUND]
    assert {"203.0.113.10", "203.0.113.11", "203.0.113.12"} <= {finding.subject for finding in background}


def test_interfaces_with_skipped_records_are_background(watched: PipelineRun, traffic: Traffic) -> None:
    skipped = {each["interface-id"] for records in traffic.records.values() for each in records if is_skipped(each)}
    gaps = [each for each in watched.found.findings.values() if each.kind == "records_skipped"]
    assert {each.subject for each in gaps} == skipped
    assert {each.severity for each in gaps} == {Severity.BACKGROUND}
    assert all(each.details["subject_owner"] for each in gaps)


def test_both_delivery_paths_have_alerts(traffic: Traffic) -> None:
    assert {alert.delivery_path for alert in traffic.expected} == set(DeliveryPath)


def test_an_expected_alert_is_met_by_an_equal_or_higher_severity(traffic: Traffic) -> None:
    alert = traffic.expected[0]
    higher, lower = (
        Finding("1", alert.kind, severity, "", alert.subject, "public", 0, 0)
        for severity in (Severity.HIGH, Severity.BACKGROUND)
    )
    assert alert.is_met_by(higher)
    assert not alert.is_met_by(lower)
