"""What a deployment with one VPC and the default settings has of what AWS charges by the month: counted in the
templates of a synth.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SETTINGS = {"sources": [{"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}], "alert_emails": ["a@example.com"]}
ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"


def resources() -> dict[str, int]:
    """Metrics of alarms (an alarm is charged by each), composite alarms, dashboards, and queues that Lambda polls."""
    found = list(_resources())
    types = Counter(each["Type"] for each in found)
    return {
        "alarms": sum(_metrics_of(each["Properties"]) for each in found if each["Type"] == ALARM),
        "composite_alarms": types[COMPOSITE],
        "dashboards": types["AWS::CloudWatch::Dashboard"],
        "polled_queues": sum(_polls_a_queue(each) for each in found),
    }


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """An alarm of a metric has one; of metric math, each metric that it reads; of anomaly detection, three.

    https://aws.amazon.com/cloudwatch/pricing/
    """
    queries = alarm.get("Metrics", [])
    read = sum("MetricStat" in each for each in queries)
    is_anomaly = any("ANOMALY_DETECTION_BAND" in each.get("Expression", "") for each in queries)
    return 3 * read if is_anomaly else max(1, read)


def _polls_a_queue(resource: Mapping[str, Any]) -> bool:
    return resource["Type"] == "AWS::Lambda::EventSourceMapping" and "ScalingConfig" in resource["Properties"]


def _resources() -> Iterator[Mapping[str, Any]]:
    os.environ.setdefault("JSII_NODE", str(Path(sys.executable).parent / "node"))
    from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE

    from app import add_stacks  # noqa: PLC0415 - likewise

    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    context = {**flags, "flowsentry": SETTINGS, "aws:cdk:bundling-stacks": []}
    with tempfile.TemporaryDirectory() as folder:
        app = App(context=context, outdir=folder)
        add_stacks(app)
        for stack in app.synth().stacks:
            yield from stack.template["Resources"].values()
