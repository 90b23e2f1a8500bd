"""Owners of every kind in the enriched rows of the deployed app, and rejecting rules in its alerts; both sources."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl
import pytest

from local.demo.named_owners import LEAST_SHARE, named_owners
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company, Host, HostKind, Network
from local.traffic.company.vpcs import named
from stacks.constructs.parameters import Value
from tests.builders import V5, blocked, exchange, flow_log
from tests.end_to_end.deployed_app import DeployedApp

Lines = Callable[[tuple[str, ...]], list[str]]
"""Returns records of traffic in a log format."""
Send = Callable[[DeployedApp, Lines], None]
"""Sends records to the app through one of its sources."""
NEW_INSTANCES = ("10.50.0.201", "10.50.0.202")
"""Addresses of instances that are created after the time of the traffic."""


def through_logs(app: DeployedApp, lines: Lines) -> None:
    app.log(lines(app.log_group_names))


def through_objects(app: DeployedApp, lines: Lines) -> None:
    app.put(f"ownership-{time.monotonic_ns()}.log", flow_log(lines(V5)))


@pytest.fixture(scope="module")
def company(deployed: DeployedApp) -> Company:
    """The demonstration's company, with every kind of owner, in the app's account, and the new instances; the inventory
    knows them.
    """
    company = create_company(deployed.aws.client)
    for address in NEW_INSTANCES:
        create_instance(deployed, deployed.in_bucket, address)
    discover_inventory(deployed)
    return company


@pytest.mark.parametrize("send", [through_logs, through_objects])
def test_rows_name_owners_of_every_kind(app: DeployedApp, company: Company, send: Send) -> None:
    result = named_owners(new_rows(app, send, partial(neighbour_traffic, app, company.networks)), company)
    assert result.ends.total() == 4 * sum(len(network.hosts) for network in company.networks)
    assert set(result.named) == set(HostKind)
    assert (result.misnamed, result.lacking) == ({}, [])
    assert result.share >= LEAST_SHARE


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(("send", "address"), [(through_logs, NEW_INSTANCES[0]), (through_objects, NEW_INSTANCES[1])])
def test_an_address_has_no_owner_before_its_assignment(app: DeployedApp, send: Send, address: str) -> None:
    seen, client = app.seen_by(app.in_bucket, "client"), app.in_bucket.host("client").address
    owners = []
    for at in (app.at, int(time.time())):
        seen |= {"start": at, "end": at}
        [rows] = new_rows(app, send, lambda names: exchange(address, client, 443, names, **seen))  # noqa: B023 - at once
        owners.append(rows.filter(pl.col("srcaddr") == address)["source_owner_name"].to_list())
    assert owners == [[None], ["new"]]


@dataclass(frozen=True)
class Blocked:
    """A path that the company's rules reject, and the text expected in the alert."""

    network: str
    source: str
    target: str
    port: int
    expected: str
    direction: str = "ingress"

    def record(self, app: DeployedApp, company: Company, names: tuple[str, ...]) -> list[str]:
        source, target = (company.network(self.network).host(name) for name in (self.source, self.target))
        seen = seen_by(app, source if self.direction == "egress" else target)
        seen |= {"flow_direction": self.direction}
        return [blocked(source.address, target.address, self.port, names, **seen)]


@pytest.mark.parametrize(
    ("send", "path"),
    [
        (through_logs, Blocked("office", "mail", "ledger", 5432, "office-data-b: rule 90 denies tcp/5432 from 10.20.")),
        (through_logs, Blocked("shop", "web-4", "orders", 5432, "shop-orders: no inbound rule allows tcp/5432 from ")),
        (
            through_objects,
            Blocked("shop", "web-3", "orders", 5432, "shop-orders: no inbound rule allows tcp/5432 from "),
        ),
        (
            through_objects,
            Blocked(
                "shop",
                "search",
                "orders-cache",
                6379,
                "shop-search: no outbound rule allows tcp/6379 to ",
                "egress",
            ),
        ),
    ],
    ids=lambda each: each.source if isinstance(each, Blocked) else each.__name__,
)
def test_an_alert_names_the_rule_that_rejects_a_path(
    app: DeployedApp, company: Company, send: Send, path: Blocked
) -> None:
    send(app, partial(path.record, app, company))
    source, target = (company.network(path.network).host(name) for name in (path.source, path.target))
    [email] = [each for each in app.emails_about(source.address) if f"can't reach {target.owner_name} " in each["text"]]
    [denial] = [line for line in email["text"].splitlines() if line.startswith("Denied ")]
    assert path.expected in denial


def neighbour_traffic(app: DeployedApp, networks: Iterable[Network], names: tuple[str, ...]) -> list[str]:
    """Records of each host that responds to its neighbour, recorded by its own network interface."""
    return [
        line for network in networks for pair in neighbours(network.hosts) for line in conversation(app, *pair, names)
    ]


def neighbours(hosts: Sequence[Host]) -> Iterator[tuple[Host, Host]]:
    yield from zip(hosts, [*hosts[1:], hosts[0]], strict=True)


def conversation(app: DeployedApp, client: Host, server: Host, names: tuple[str, ...]) -> list[str]:
    return exchange(client.address, server.address, 443, names, **seen_by(app, server))


def seen_by(app: DeployedApp, host: Host) -> dict[str, object]:
    return {"vpc_id": host.vpc_id, "interface_id": host.interface_id, "start": app.at, "end": app.at + 50}


def create_instance(app: DeployedApp, network: Network, address: str) -> None:
    """Creates an instance named `new` with this address."""
    ec2, subnet_id = app.aws.client("ec2"), network.host("client").subnet_id
    interface = ec2.create_network_interface(SubnetId=subnet_id, PrivateIpAddress=address)["NetworkInterface"]
    ec2.run_instances(
        ImageId=ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"NetworkInterfaceId": interface["NetworkInterfaceId"], "DeviceIndex": 0}],
        TagSpecifications=[named("instance", "new")],
    )


def discover_inventory(app: DeployedApp) -> None:
    """Discovers the inventory and restarts both processors, which cache a snapshot for half a minute."""
    app.fire_schedules("Ownership")
    functions = app.aws.client("lambda")
    for name in (app.value(Value.STREAM_PROCESSOR), app.value(Value.OBJECT_PROCESSOR)):
        seconds = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds + 1)


def new_rows(app: DeployedApp, send: Send, lines: Lines) -> list[pl.DataFrame]:
    """Sends the records; returns the enriched files that result."""
    before = app.enriched_etags()
    send(app, lines)
    return app.enriched_since(before)
