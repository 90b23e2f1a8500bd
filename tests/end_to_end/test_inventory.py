"""The inventory of the deployed app between schedules: requested network interfaces and change events."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl
import pytest

from flowsentry.aws.inventory.discovery_run import SETTLING_SECONDS
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import unpack
from flowsentry.metric_names import namespace_of
from flowsentry.settings import CLAIMS_KEY
from local.traffic.company.network import Network
from stacks.constructs.parameters import Value
from tests.builders import V5, exchange, flow_log
from tests.end_to_end.account import COOLDOWN_SECONDS
from tests.end_to_end.deployed_app import DeployedApp

last_octets = count(100)
CHANGE = {"Source": "aws.ec2", "DetailType": "EC2 Instance State-change Notification"}


@dataclass
class InventoryApp(DeployedApp):
    """The app and its inventory."""

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
    def discovered_at(self) -> int:
        return self.inventory.target_states[self.home].taken_at

    def discoveries(self) -> int:
        """The number of discoveries of whole targets."""
        metric = {"Namespace": namespace_of("flowsentry"), "MetricName": "InventorySeconds"}
        metric |= {"Dimensions": [{"Name": "service", "Value": "inventory"}]}  # type: ignore[dict-item]
        query = {"Id": "discoveries", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "SampleCount"}}
        now = datetime.now(UTC)
        read = self.aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now - timedelta(hours=12), EndTime=now + timedelta(minutes=5)
        )
        return int(sum(value for result in read["MetricDataResults"] for value in result["Values"]))

    def end_cooldown(self) -> None:
        """Ends the cooldown: the next change event starts a discovery at once."""
        self.aws.client("s3").delete_object(Bucket=self.output_bucket, Key=CLAIMS_KEY)

    def create_interface(self, network: Network, address: str) -> str:
        """Creates a network interface of a load balancer; returns its id."""
        created = self.aws.client("ec2").create_network_interface(
            SubnetId=network.host("server").subnet_id,
            PrivateIpAddress=address,
            Description="ELB app/checkout/50dc6c495c0c9188",
        )
        return str(created["NetworkInterface"]["NetworkInterfaceId"])

    def owners_of(self, address: str, interface_id: str) -> list[str | None]:
        """The source owners in the enriched rows of current traffic that the interface records."""
        now, before = int(time.time()), self.enriched_etags()
        seen = self.seen_by(self.in_bucket) | {"interface_id": interface_id, "start": now, "end": now}
        client = self.in_bucket.host("client").address
        self.put(f"inventory-{time.monotonic_ns()}.log", flow_log(exchange(address, client, 443, V5, **seen)))
        rows = pl.concat(self.enriched_since(before))
        return rows.filter(pl.col("srcaddr") == address)["source_owner_name"].to_list()

    def forget_snapshot(self) -> None:
        """Restarts the processor, which caches a snapshot for half a minute."""
        functions, name = self.aws.client("lambda"), self.value(Value.OBJECT_PROCESSOR)
        seconds = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds + 1)

    def send_changes(self, *targets: str) -> None:
        """Sends a change event of each target to the inventory queue."""
        sqs, url = self.aws.client("sqs"), self.queue_url(Value.INVENTORY_QUEUE)
        for begin in range(0, len(targets), 10):
            bodies = [json.dumps({"target": each}) for each in targets[begin : begin + 10]]
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
            assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == len(bodies)


@pytest.fixture
def app(deployed: DeployedApp) -> Iterator[InventoryApp]:
    """The app; fails the test if the embedded AWS has new failures or a request became a dead letter."""
    app = InventoryApp(deployed.aws, deployed.company, deployed.at)
    with app.without_failures():
        yield app
    assert dead_requests(app) == []


def dead_requests(app: InventoryApp) -> list[Any]:
    url = app.queue_url(Value.INVENTORY_DLQ)
    return list(app.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


def test_a_new_interface_is_requested_and_its_owner_is_in_the_next_batch(app: InventoryApp) -> None:
    discoveries = app.discoveries()
    made = app.create_interface(app.in_bucket, "10.50.0.77")
    assert not app.knows(made)
    assert app.owners_of("10.50.0.77", made) == [None]
    assert app.knows(made)
    app.forget_snapshot()
    assert app.owners_of("10.50.0.77", made) == ["checkout"]
    assert app.discoveries() == discoveries


def test_an_absent_interface_is_requested_once(app: InventoryApp) -> None:
    absent, requested = "eni-0e2e0000000000077", app.total("InterfacesRequested", service="inventory")
    app.owners_of("10.50.0.78", absent)
    app.forget_snapshot()
    app.owners_of("10.50.0.78", absent)
    assert app.total("InterfacesRequested", service="inventory") == requested + 1
    assert absent in app.inventory.absent


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
def test_a_change_event_starts_a_discovery_before_the_schedule(app: InventoryApp, change: dict[str, Any]) -> None:
    discoveries, made = app.discoveries(), app.create_interface(app.in_logs, f"10.40.0.{next(last_octets)}")
    app.end_cooldown()
    put(app, change)
    assert app.knows(made)
    assert app.discoveries() == discoveries + 1


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
def test_an_event_that_changes_no_owner_starts_no_discovery(app: InventoryApp, change: dict[str, Any]) -> None:
    discoveries = app.discoveries()
    app.end_cooldown()
    put(app, change)
    assert app.discoveries() == discoveries


def test_a_thousand_change_events_during_the_cooldown_start_one_discovery(app: InventoryApp) -> None:
    """One more is allowed for each cooldown that ends before the changes have settled: a busy machine sends slowly."""
    fired_at = int(time.time())
    app.fire_schedules("Ownership")
    discoveries = app.discoveries()
    made = app.create_interface(app.in_logs, "10.40.0.99")
    app.send_changes(*[app.home] * 1_000)
    ended_cooldowns = int(time.time() + SETTLING_SECONDS - fired_at) // COOLDOWN_SECONDS
    app.settle()
    assert 1 <= app.discoveries() - discoveries <= 1 + ended_cooldowns
    assert app.discovered_at >= fired_at + COOLDOWN_SECONDS
    assert app.knows(made)


def put(app: InventoryApp, change: dict[str, Any]) -> None:
    """Sends an event of AWS to EventBridge and waits until it was processed."""
    entry = {**change, "Detail": json.dumps(change["Detail"])}
    assert app.aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    app.settle()
