"""What went in and what came out, from the metrics that the functions emitted and the alerts that arrived."""

import statistics
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowsentry.aws.findings.item import entry_of, is_counter
from flowsentry.findings.finding import Audience, Finding
from flowsentry.metric_names import NAMESPACE
from local.aws.embedded import EmbeddedAws
from local.demo.named_owners import NamedOwners
from local.demo.refusals import Refusals
from local.demo.sending import BAD_LINES, Sending
from local.traffic.expectation import ExpectedAlert


@dataclass
class Summary:
    """The end of a demonstration. `alerts` are (finding, when its alert arrived), `mails` the texts of e-mails;
    `told_in_digests` counts the findings in digests by kind.
    """

    aws: EmbeddedAws
    sending: Sending
    owners: NamedOwners
    alerts: Sequence[tuple[Finding, float]]
    mails: Sequence[str]
    digests: int
    told_in_digests: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._failures = self.aws.failures()
        findings = [finding for finding, _ in self.alerts]
        self._refusals = Refusals(self.sending.traffic.expected, findings, self.mails)

    @property
    def missing(self) -> list[ExpectedAlert]:
        """Alerts that should have come and did not; of the quiet ones, those of a kind that no digest told often
        enough.
        """
        quiet = Counter(each.kind for each in self.sending.traffic.expected if not each.is_urgent)
        untold = {kind for kind, count in quiet.items() if self.told_in_digests.get(kind, 0) < count}
        return [each for each in self.sending.traffic.expected if self._is_missing(each, untold)]

    def _is_missing(self, expected: ExpectedAlert, untold: Container[str]) -> bool:
        if not expected.is_urgent:
            return expected.kind in untold
        return not any(expected.is_met_by(finding) for finding, _ in self.alerts)

    @property
    def unexpected(self) -> list[Finding]:
        """Alerts that no scenario calls for."""
        expected = self.sending.traffic.expected
        return [finding for finding, _ in self.alerts if not any(each.is_met_by(finding) for each in expected)]

    @property
    def is_as_expected(self) -> bool:
        """Every alert that should come and no other, every blocked path explained and every kind of owner named, every
        line accounted for, every gap in the logs told in the digest, and nothing failed underneath.
        """
        counted = self._sum("Lines") == self.sending.records + len(BAD_LINES)
        bad_lines = self._sum("RejectedLines") == len(BAD_LINES)
        gaps = self.told_in_digests.get("records_skipped", 0) == self.sending.gaps
        told = self.owners.is_as_expected and not self._refusals.unexplained
        return not (self.missing or self.unexpected or self._failures) and told and counted and bad_lines and gaps

    def lines(self) -> Iterator[str]:
        """The summary for people."""
        kinds = Counter(f"{finding.kind} ({finding.severity})" for finding, _ in self.alerts)
        quiet = quiet_found_at(self.aws)
        yield ""
        yield f"records in      {self._sum('Lines'):,} of {self.sending.records + len(BAD_LINES):,} sent"
        yield f"  traffic       {self._sum('Records'):,}, of which {self._sum('RejectsSeen'):,} rejected by a rule"
        yield f"  no traffic    {self._sum('NoDataRecords'):,} NODATA, {self._sum('SkippedRecords'):,} SKIPDATA"
        yield f"  bad lines     {self._sum('RejectedLines'):,} of {len(BAD_LINES)} put in"
        yield from self.owners.lines()
        yield f"alerts          {', '.join(f'{kind} {count}' for kind, count in kinds.items()) or 'none'}"
        yield from self._refusals.lines()
        yield f"quiet           {len(quiet)} findings in {self.digests} digest"
        told = self.told_in_digests.get("records_skipped", 0)
        yield f"  gaps          {told} of {self.sending.gaps} interfaces and hours with SKIPDATA told"
        yield f"record → alert  {self._delays()}"
        yield from (f"MISSING: {each.kind} about {each.subject} ({each.scenario})" for each in self.missing)
        yield from (f"UNEXPECTED: {finding.title} ({finding.kind})" for finding in self.unexpected)
        yield from (f"FAILED underneath: {failure}" for failure in self._failures)
        scenarios = len({each.scenario for each in self.sending.traffic.expected})
        yield (
            f"every alert of {scenarios} scenarios came, and no other" if self.is_as_expected else "NOT as it should be"
        )

    def _delays(self) -> str:
        seconds = [
            self.sending.seconds_until(finding.scope, finding.last_seen, at)
            for finding, at in self.alerts
            if finding.scope in self.sending.sent_at
        ]
        if not seconds:
            return "no alert came"
        return f"median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"

    def _sum(self, metric: str) -> int:
        """The sum of a pipeline metric over both processors, as CloudWatch has it."""
        now = datetime.now(UTC)
        queries = [
            {"Id": service, "MetricStat": {"Metric": _metric(metric, service), "Period": 86_400, "Stat": "Sum"}}
            for service in ("stream_processor", "object_processor")
        ]
        results = self.aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=12), EndTime=now + timedelta(minutes=5)
        )
        return int(sum(value for result in results["MetricDataResults"] for value in result["Values"]))


def quiet_found_at(aws: EmbeddedAws) -> list[int]:
    """When each finding for the digest was put (Unix seconds)."""
    dynamodb = aws.client("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if "Findings" in name)
    items = (item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"])
    entries = [entry_of(item) for item in items if not is_counter(item)]
    return [entry.found_at for entry in entries if entry.finding.audience is Audience.DIGEST]


def _metric(name: str, service: str) -> dict[str, object]:
    return {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": [{"Name": "service", "Value": service}]}
