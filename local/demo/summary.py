"""The result of the demo: compares the metrics and alerts with the traffic that was sent."""

import json
import statistics
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowsentry.findings.finding import Finding
from flowsentry.metric_names import namespace_of
from local.aws.embedded import EmbeddedAws
from local.demo.denied_paths import DeniedPaths
from local.demo.digest import entries_of_digest
from local.demo.named_owners import NamedOwners
from local.demo.sending import BAD_LINES, Sending
from local.traffic.expectation import ExpectedAlert


@dataclass
class Summary:
    """The result of a demo. `alerts` are (finding, when its alert arrived), `mails` the texts of e-mails; `digested`
    counts the findings in digests by kind.
    """

    aws: EmbeddedAws
    sending: Sending
    owners: NamedOwners
    alerts: Sequence[tuple[Finding, float]]
    mails: Sequence[str]
    digests: int
    digested: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._failures = self.aws.failures()
        findings = [finding for finding, _ in self.alerts]
        self._denied_paths = DeniedPaths(self.sending.traffic.expected, findings, self.mails)

    @property
    def missing(self) -> list[ExpectedAlert]:
        """The expected alerts that did not arrive. Alerts for a digest count by kind: when the digests have fewer of a
        kind, all of that kind are missing.
        """
        quiet = Counter(each.kind for each in self.sending.traffic.expected if not each.is_urgent)
        undelivered = {kind for kind, count in quiet.items() if self.digested.get(kind, 0) < count}
        return [each for each in self.sending.traffic.expected if self._is_missing(each, undelivered)]

    def _is_missing(self, expected: ExpectedAlert, undelivered: Container[str]) -> bool:
        if not expected.is_urgent:
            return expected.kind in undelivered
        return not any(expected.is_met_by(finding) for finding, _ in self.alerts)

    @property
    def unexpected(self) -> list[Finding]:
        """The alerts that no scenario expects."""
        expected = self.sending.traffic.expected
        return [finding for finding, _ in self.alerts if not any(each.is_met_by(finding) for each in expected)]

    @property
    def is_as_expected(self) -> bool:
        """Whether exactly the expected alerts arrived, every blocked path is explained, every owner kind is named,
        every line is counted, every capture gap is in the digest, and no call of the emulated AWS failed.
        """
        counted = self._sum("Lines") == self.sending.records + len(BAD_LINES)
        bad_lines = self._sum("RejectedLines") == len(BAD_LINES)
        gaps = self.digested.get("records_skipped", 0) == self.sending.gaps
        explained = self.owners.is_as_expected and not self._denied_paths.unexplained
        return not (self.missing or self.unexpected or self._failures) and explained and counted and bad_lines and gaps

    def lines(self) -> Iterator[str]:
        """The summary as text lines."""
        kinds = Counter(f"{finding.kind} ({finding.severity})" for finding, _ in self.alerts)
        in_digest = entries_of_digest(self.aws)
        yield ""
        yield f"records in      {self._sum('Lines'):,} of {self.sending.records + len(BAD_LINES):,} sent"
        yield f"  traffic       {self._sum('Records'):,}, of which {self._sum('RejectsSeen'):,} rejected by a rule"
        yield f"  no traffic    {self._sum('NoDataRecords'):,} NODATA, {self._sum('SkippedRecords'):,} SKIPDATA"
        yield f"  bad lines     {self._sum('RejectedLines'):,} of {len(BAD_LINES)} sent, rejected"
        yield from self.owners.lines()
        yield f"alerts          {', '.join(f'{kind} {count}' for kind, count in kinds.items()) or 'none'}"
        yield from self._denied_paths.lines()
        yield f"digest          {len(in_digest)} findings in {self.digests} digest"
        gaps = self.digested.get("records_skipped", 0)
        yield f"  gaps          {gaps} of {self.sending.gaps} capture gaps (SKIPDATA) reported"
        yield f"record → alert  {self._delays()}"
        yield from (f"MISSING: {each.kind} about {each.subject} ({each.scenario})" for each in self.missing)
        yield from (f"UNEXPECTED: {finding.title} ({finding.kind})" for finding in self.unexpected)
        yield from (f"FAILED CALL: {failure}" for failure in self._failures)
        scenarios = len({each.scenario for each in self.sending.traffic.expected})
        yield (
            f"OK: all alerts of {scenarios} scenarios arrived, and no others"
            if self.is_as_expected
            else "NOT AS EXPECTED"
        )

    def json_lines(self) -> Iterator[str]:
        """A JSON object for each alert, and one of the result. Times are Unix seconds."""
        for finding, at in self.alerts:
            yield json.dumps({"finding": json.loads(finding.to_json()), "delivered_at": at})
        result = {
            "is_as_expected": self.is_as_expected,
            "missing": [f"{each.kind} about {each.subject}" for each in self.missing],
            "unexpected": [finding.id for finding in self.unexpected],
            "failed_calls": [str(failure) for failure in self._failures],
            "digests": self.digests,
            "in_digests": dict(self.digested),
        }
        yield json.dumps({"result": result})

    def _delays(self) -> str:
        seconds = [
            self.sending.seconds_until(finding.scope, finding.last_seen, at)
            for finding, at in self.alerts
            if finding.scope in self.sending.sent_at
        ]
        if not seconds:
            return "no alert arrived"
        return f"median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"

    def _sum(self, metric: str) -> int:
        """The sum of a metric over both processors, from CloudWatch."""
        now = datetime.now(UTC)
        queries = [
            {"Id": service, "MetricStat": {"Metric": _metric(metric, service), "Period": 86_400, "Stat": "Sum"}}
            for service in ("stream_processor", "object_processor")
        ]
        results = self.aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=12), EndTime=now + timedelta(minutes=5)
        )
        return int(sum(value for result in results["MetricDataResults"] for value in result["Values"]))


def _metric(name: str, service: str) -> dict[str, object]:
    return {
        "Namespace": namespace_of("flowsentry"),
        "MetricName": name,
        "Dimensions": [{"Name": "service", "Value": service}],
    }
