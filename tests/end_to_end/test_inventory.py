"""The inventory of the deployed app between two schedules: what is asked for through its queue, and what changes."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl
import pytest

from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import unpack
from flowsentry.metric_names import NAMESPACE
from flowsentry.settings import CLAIMS_KEY
from local.aws.deployment.assembly import deploy_assembly
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.demo.account import settings_for
from local.traffic.company.network import Network
from stacks.constructs.parameters import Value
from tests.builders import V5, exchange, flow_log
from tests.end_to_end.conftest import QUICK, founded, synthesise
from tests.end_to_end.deployed_app import DeployedApp

COOLDOWN_SECONDS = 20
"""Longer than it takes to mark a place a thousand times, shorter than anybody wants to wait."""
last_octets = count(100)
CHANGE = {"Source": "aws.ec2", "DetailType": "EC2 Instance State-change Notification"}


@dataclass
class AskedApp(DeployedApp):
    """The app with an inventory that rests for seconds."""

    @property
    def home(self) -> str:
        return f"{self.aws.account}/{self.aws.region}"

    @property
    def inventory(self) -> Inventory:
        [snapshot] = self.output("inventory/").values()
        return unpack(snapshot)

    def knows(self, interface_id: str) -> bool:
        return interface_id in set(self.inventory.assignments["interface_id"])

    @property
    def looked_at(self) -> int:
        return self.inventory.target_states[self.home].taken_at

    def looks(self) -> int:
        """How often places were looked at as a whole."""
        metric = {"Namespace": NAMESPACE, "MetricName": "InventorySeconds"}
        metric |= {"Dimensions": [{"Name": "service", "Value": "inventory"}]}  # type: ignore[dict-item]
        query = {"Id": "looks", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "SampleCount"}}
        now = datetime.now(UTC)
        read = self.aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now - timedelta(hours=12), EndTime=now + timedelta(minutes=5)
        )
        return int(sum(value for result in read["MetricDataResults"] for value in result["Values"]))

    def rested(self) -> None:
        """Nobody has begun to look lately: what changes is looked at at once."""
        self.aws.client("s3").delete_object(Bucket=self.output_bucket, Key=CLAIMS_KEY)

    def interface_made(self, network: Network, address: str) -> str:
        """A balancer's new interface."""
        made = self.aws.client("ec2").create_network_interface(
            SubnetId=network.host("server").subnet_id,
            PrivateIpAddress=address,
            Description="ELB app/checkout/50dc6c495c0c9188",
        )
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def owners_of(self, address: str, interface_id: str) -> list[str | None]:
        """Whose the source of traffic that the interface sees now is, in the rows that come of it."""
        now, before = int(time.time()), self.output("enriched/").keys()
        seen = self.seen_by(self.in_bucket) | {"interface_id": interface_id, "start": now, "end": now}
        client = self.in_bucket.host("client").address
        self.put(f"inventory-{time.monotonic_ns()}.log", flow_log(exchange(address, client, 443, V5, **seen)))
        after = self.output("enriched/")
        rows = pl.concat([pl.read_parquet(io.BytesIO(after[key])) for key in after.keys() - before])
        return rows.filter(pl.col("srcaddr") == address)["source_owner_name"].to_list()

    def forget_snapshot(self) -> None:
        """The processor starts anew: it keeps a snapshot for half a minute."""
        functions, name = self.aws.client("lambda"), self.value(Value.OBJECT_PROCESSOR)
        seconds = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds + 1)

    def mark(self, *marks: str) -> None:
        sqs, url = self.aws.client("sqs"), self.queue_url(Value.INVENTORY_QUEUE)
        for begin in range(0, len(marks), 10):
            bodies = [json.dumps({"target": each}) for each in marks[begin : begin + 10]]
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
            assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == len(bodies)


@pytest.fixture(scope="module")
def asked(worker_id: str) -> Iterator[AskedApp]:
    with EmbeddedAws.start(QUICK) as aws:
        company = founded(aws)
        output = REPOSITORY / "build" / f"inventory-{worker_id}.cdk.out"
        synthesise({**settings_for(company), "flowsentry.inventory_cooldown_seconds": COOLDOWN_SECONDS}, output)
        deploy_assembly(aws, output)
        aws.wait_until_quiet(120)
        aws.fire_schedules("Ownership")
        aws.wait_until_quiet(60)
        yield AskedApp(aws, company)


@pytest.fixture
def app(asked: AskedApp) -> Iterator[AskedApp]:
    """The app; after the test nothing has failed underneath, and no request was left unanswered."""
    yield asked
    assert asked.aws.failures() == []
    assert dead_requests(asked) == []


def dead_requests(app: AskedApp) -> list[Any]:
    url = app.queue_url(Value.INVENTORY_DLQ)
    return list(app.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


def test_an_interface_made_since_is_unknown_is_asked_for_and_is_named_in_the_next_batch(app: AskedApp) -> None:
    made, looks = app.interface_made(app.in_bucket, "10.50.0.77"), app.looks()
    assert not app.knows(made)
    assert app.owners_of("10.50.0.77", made) == [None]
    assert app.knows(made)
    app.forget_snapshot()
    assert app.owners_of("10.50.0.77", made) == ["checkout"]
    assert app.looks() == looks


def test_an_interface_that_is_nowhere_is_asked_for_once(app: AskedApp) -> None:
    nowhere, asked = "eni-0e2e0000000000077", app.total("InterfacesRequested", service="inventory")
    for _ in range(2):
        app.owners_of("10.50.0.78", nowhere)
        app.forget_snapshot()
    assert app.total("InterfacesRequested", service="inventory") == asked + 1
    assert nowhere in app.inventory.absent


@pytest.mark.parametrize(
    "change",
    [
        {**CHANGE, "Detail": {"instance-id": "i-0123456789abcdef0", "state": "running"}},
        {"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": {"lastStatus": "RUNNING"}},
        {
            "Source": "aws.ec2",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": {"eventSource": "ec2.amazonaws.com", "eventName": "CreateNetworkInterface"},
        },
        {
            "Source": "aws.elasticloadbalancing",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": {"eventSource": "elasticloadbalancing.amazonaws.com", "eventName": "CreateLoadBalancer"},
        },
    ],
    ids=lambda change: change["DetailType"] + " " + change["Detail"].get("eventName", ""),
)
def test_a_change_is_looked_at_before_the_schedule_comes(app: AskedApp, change: dict[str, Any]) -> None:
    looks, made = app.looks(), app.interface_made(app.in_logs, f"10.40.0.{next(last_octets)}")
    app.rested()
    put(app, change)
    assert app.knows(made)
    assert app.looks() == looks + 1


@pytest.mark.parametrize(
    "change",
    [
        {**CHANGE, "Detail": {"state": "pending"}},
        {
            "Source": "aws.ec2",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": {"eventName": "CreateNetworkInterface", "errorCode": "Client.UnauthorizedOperation"},
        },
        {
            "Source": "aws.ec2",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": {"eventName": "CreateTags"},
        },
    ],
    ids=lambda change: json.dumps(change["Detail"]),
)
def test_what_changes_no_owner_is_not_looked_at(app: AskedApp, change: dict[str, Any]) -> None:
    looks = app.looks()
    app.rested()
    put(app, change)
    assert app.looks() == looks


def test_a_thousand_changes_while_a_place_rests_are_one_look(app: AskedApp) -> None:
    app.fire_schedules("Ownership")
    looks, begun = app.looks(), app.looked_at
    made = app.interface_made(app.in_logs, "10.40.0.99")
    app.mark(*[app.home] * 1_000)
    app.settle()
    assert app.looks() == looks + 1
    assert app.looked_at >= begun + COOLDOWN_SECONDS
    assert app.knows(made)


def put(app: AskedApp, change: dict[str, Any]) -> None:
    """An event of AWS, once all that comes of it is done."""
    entry = {**change, "Detail": json.dumps(change["Detail"])}
    assert app.aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    app.settle()
