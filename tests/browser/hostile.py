"""Data whose every text was chosen by somebody who wants to run a script, break a layout or forge what is shown: names
in tags, ids of interfaces, addresses, names of rules, findings, log lines, metrics, alarms and dashboards.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from flowsentry.inventory.firewall_rules import GroupRule, NetworkAcl, Rules, SecurityGroup
from flowsentry.inventory.inventory import Inventory
from flowsentry.metric_names import namespace_of
from flowsentry.pipeline import Context
from local.console.console_data import About, Alarm, LogEvent
from local.console.subjects.recording import DEPLOYMENT, GROUP, Recording
from local.console.subjects.replayed import Replayed
from tests.builders import NOON, V5, VPC, blocked, exchange, flow_log, interface, line, probe
from tests.sample_company.replay import SampleObject

SCRIPT = "<script>alert(1)</script>"
TEXTS = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "${alert(1)} {{alert(1)}} <!--lit-->",
    "\u202eevil\u2066\u200f txt.exe",
    "nul\x00 bell\x07 escape\x1b[2J",
    "{a|b} {style|{c}} %s {0}",
    "javascript:alert(1)",
    "x" * 10_000,
    "\N{PILE OF POO}" * 200,
    "line\nfeed\r\n\u2028tab\t",
)
HALF = "half \ud800 of a character"
"""A lone surrogate, which JSON can have and UTF-8 cannot."""
FINDING = "{:024x}"
"""The id of the finding whose title is the text of this number."""
SCANNER, WEB, DATA = "10.0.0.66", "10.0.0.1", "10.0.0.2"


class Hostile(Replayed):
    """A replay of such traffic, and what only a deployment has."""

    @property
    def about(self) -> About:
        return About("replayed", f"{SCRIPT} {HALF}", "flowsentry", SCRIPT, NOON + 300)

    def dashboards(self) -> Mapping[str, Mapping[str, Any]]:
        """A dashboard with texts, metrics, logs and alarms. Its name is not hostile: CloudWatch allows only letters,
        digits, hyphens and underscores.
        """
        return {"hostile": {"widgets": [_widget(at, text) for at, text in enumerate(TEXTS[:7])], "start": "-PT6H"}}

    def alarms(self) -> Sequence[Alarm]:
        return [Alarm(text, f"arn:{text}", "ALARM", NOON, text, text) for text in (*TEXTS, HALF)]

    def settings(self) -> Mapping[str, Any]:
        return {"alert_emails": list(TEXTS), HALF: HALF}


def hostile() -> Hostile:
    """The data."""
    recording = Recording(Context(_inventory()))
    recording.take(SampleObject(TEXTS[1], gzip.compress(flow_log(_lines()))))
    found = cycle(list(recording.findings.values()))
    for at, text in enumerate((*TEXTS, HALF)):
        finding = replace(next(found), id=FINDING.format(at), title=text)
        recording.findings[finding.id] = finding
    recording.events.setdefault(GROUP, []).extend(_log_events())
    for text in TEXTS:
        recording.metrics.add_line(json.dumps(_metric(text)))
    return Hostile(recording, TEXTS[0])


def _inventory() -> Inventory:
    names = cycle(TEXTS)
    many = [
        interface(f"10.0.1.{at}", next(names)[:60], next(names), interface_id=f"eni-{at}{next(names)[:60]}")
        for at in range(1, 40)
    ]
    ends = [
        replace(interface(WEB, name=SCRIPT, security_groups=("sg-web",)), subnet_id="subnet-web"),
        replace(interface(DATA, TEXTS[1], name=TEXTS[3], security_groups=("sg-data",)), subnet_id="subnet-data"),
        interface(SCANNER, name=TEXTS[5]),
    ]
    return Inventory.of((*many, *ends), {VPC: ("10.0.0.0/16",)}, _rules())


def _rules() -> Rules:
    allow = GroupRule("sg-web", True, -1, cidr="0.0.0.0/0", rule_id=SCRIPT, description=SCRIPT)  # noqa: FBT003
    groups = (SecurityGroup("sg-web", SCRIPT, VPC, (allow,)), SecurityGroup("sg-data", TEXTS[1] * 5, VPC))
    acls = tuple(NetworkAcl(f"acl-{name}", TEXTS[3], VPC, subnet_ids=(f"subnet-{name}",)) for name in ("web", "data"))
    return Rules(NOON, groups, acls)


def _lines() -> list[str]:
    """Records with owners of all names, a scan, a blocked path, an outside login, and addresses that are none."""
    ids = [text.split()[0] for text in TEXTS]
    return [
        *(each for at in range(1, 40) for each in exchange(f"10.0.1.{at}", WEB, 443, bytes=10_000 + at)),
        *(probe(SCANNER, f"10.0.1.{at}", port) for at in range(1, 14) for port in (22, 445)),
        *(
            blocked(WEB, DATA, 5432, interface_id="eni-2", start=NOON + at, end=NOON + at + 20)
            for at in range(0, 240, 60)
        ),
        *exchange("203.0.113.9", WEB, 22, packets=60, bytes=9_001),
        *(line(V5, srcaddr=text, dstaddr=WEB, interface_id=text, vpc_id=text) for text in ids),
        *(line(V5, srcaddr=WEB, dstaddr=text, action="REJECT") for text in ids),
    ]


def _log_events() -> list[LogEvent]:
    plain = [LogEvent(text, NOON * 1000) for text in TEXTS]
    return [*plain, *(LogEvent(json.dumps({"message": each, each: each}), NOON * 1000) for each in (*TEXTS, HALF))]


def _metric(text: str) -> dict[str, Any]:
    """A line in embedded metric format."""
    directive = {"Namespace": namespace_of(DEPLOYMENT), "Dimensions": [["owner"]], "Metrics": [{"Name": text}]}
    return {"_aws": {"Timestamp": NOON * 1000, "CloudWatchMetrics": [directive]}, "owner": text, text: 1}


def _widget(at: int, text: str) -> dict[str, Any]:
    """A widget of one of four types."""
    metrics = [[namespace_of(DEPLOYMENT), text, "owner", text, {"label": text}]]
    title = {"title": text, "region": "eu-west-1"}
    kinds = (
        ("text", {"markdown": f"# {text}\n[{text}]({TEXTS[6]}) <b onclick=alert(1)>{text}</b> `{text}`"}),
        ("metric", {**title, "metrics": metrics, "view": "timeSeries", "stat": "Sum", "period": 60}),
        ("log", {**title, "query": f"SOURCE '{GROUP}' | fields @message | limit 1000", "view": "table"}),
        ("alarm", {**title, "alarms": [f"arn:{each}" for each in TEXTS]}),
    )
    kind, properties = kinds[at % len(kinds)]
    return {"type": kind, "x": 0, "y": 6 * at, "width": 12, "height": 6, "properties": properties}
