"""Owners of every kind in the rows of the deployed app, and the rules between them in its alerts: both ways in."""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl
import pytest

from local.demo.named_owners import LEAST_SHARE, named_owners
from local.traffic.company.founding import found
from local.traffic.company.network import Company, Host, HostKind, Network
from local.traffic.company.vpcs import named
from stacks.constructs.parameters import Value
from tests.builders import V5, blocked, exchange, flow_log
from tests.end_to_end.deployed_app import DeployedApp

Lines = Callable[[tuple[str, ...]], list[str]]
"""Makes records of a format."""
Hand = Callable[[DeployedApp, Lines], None]
"""Hands records to the app in one of its ways."""


def through_logs(app: DeployedApp, lines: Lines) -> None:
    app.log(lines(app.log_group_names))


def through_objects(app: DeployedApp, lines: Lines) -> None:
    app.put(f"ownership-{time.monotonic_ns()}.log", flow_log(lines(V5)))


@pytest.fixture(scope="module")
def company(deployed: DeployedApp) -> Company:
    """The demonstration's company, with every kind of owner, in the app's account; the inventory knows it."""
    company = found(deployed.aws.client)
    take_inventory(deployed)
    return company


@pytest.mark.parametrize("hand", [through_logs, through_objects])
def test_every_kind_of_owner_is_named_where_its_address_is_an_end(
    app: DeployedApp, company: Company, hand: Hand
) -> None:
    told = named_owners(new_rows(app, hand, partial(talks, app, company.networks)), company)
    assert told.ends.total() == 4 * sum(len(network.hosts) for network in company.networks)
    assert set(told.named) == set(HostKind)
    assert (told.misnamed, told.lacking) == ({}, [])
    assert told.share >= LEAST_SHARE


@pytest.mark.parametrize(("hand", "address"), [(through_logs, "10.50.0.201"), (through_objects, "10.50.0.202")])
def test_an_address_is_nobodys_before_its_owner_has_it(app: DeployedApp, hand: Hand, address: str) -> None:
    attached_now(app, app.in_bucket, address)
    take_inventory(app)
    seen, client = app.seen_by(app.in_bucket, "client"), app.in_bucket.host("client").address
    owners = []
    for at in (app.at, int(time.time())):
        seen |= {"start": at, "end": at}
        [rows] = new_rows(app, hand, lambda names: exchange(address, client, 443, names, **seen))  # noqa: B023 - at once
        owners.append(rows.filter(pl.col("srcaddr") == address)["source_owner_name"].to_list())
    assert owners == [[None], ["new"]]


@dataclass(frozen=True)
class Blocked:
    """A path that the company's rules refuse, and what people must read."""

    network: str
    source: str
    target: str
    port: int
    refused: str
    direction: str = "ingress"

    def record(self, app: DeployedApp, company: Company, names: tuple[str, ...]) -> list[str]:
        source, target = (company.network(self.network).host(name) for name in (self.source, self.target))
        seen = seen_by(app, source if self.direction == "egress" else target)
        seen |= {"flow_direction": self.direction}
        return [blocked(source.address, target.address, self.port, names, **seen)]


@pytest.mark.parametrize(
    ("hand", "path"),
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
def test_an_alert_says_which_rule_refuses_a_path(app: DeployedApp, company: Company, hand: Hand, path: Blocked) -> None:
    hand(app, partial(path.record, app, company))
    source, target = (company.network(path.network).host(name) for name in (path.source, path.target))
    [mail] = [each for each in app.mails_about(source.address) if f"can't reach {target.owner_name} " in each["text"]]
    [told] = [line for line in mail["text"].splitlines() if line.startswith("Denied ")]
    assert path.refused in told


def talks(app: DeployedApp, networks: Iterable[Network], names: tuple[str, ...]) -> list[str]:
    """Each host answers its neighbour, as its own interface sees it."""
    return [line for network in networks for pair in neighbours(network.hosts) for line in talk(app, *pair, names)]


def neighbours(hosts: Sequence[Host]) -> Iterator[tuple[Host, Host]]:
    yield from zip(hosts, [*hosts[1:], hosts[0]], strict=True)


def talk(app: DeployedApp, client: Host, server: Host, names: tuple[str, ...]) -> list[str]:
    return exchange(client.address, server.address, 443, names, **seen_by(app, server))


def seen_by(app: DeployedApp, host: Host) -> dict[str, object]:
    return {"vpc_id": host.vpc_id, "interface_id": host.interface_id, "start": app.at, "end": app.at + 50}


def attached_now(app: DeployedApp, network: Network, address: str) -> None:
    """A new instance with this address, called `new`."""
    ec2, subnet_id = app.aws.client("ec2"), network.host("client").subnet_id
    made = ec2.create_network_interface(SubnetId=subnet_id, PrivateIpAddress=address)["NetworkInterface"]
    ec2.run_instances(
        ImageId=ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"NetworkInterfaceId": made["NetworkInterfaceId"], "DeviceIndex": 0}],
        TagSpecifications=[named("instance", "new")],
    )


def take_inventory(app: DeployedApp) -> None:
    """The inventory is taken, and both processors start anew: they keep a snapshot for half a minute."""
    app.fire_schedules("Ownership")
    functions = app.aws.client("lambda")
    for name in (app.value(Value.STREAM_PROCESSOR), app.value(Value.OBJECT_PROCESSOR)):
        seconds = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds + 1)


def new_rows(app: DeployedApp, hand: Hand, lines: Lines) -> list[pl.DataFrame]:
    """The enriched files that come of the records."""
    before = app.output("enriched/").keys()
    hand(app, lines)
    after = app.output("enriched/")
    return [pl.read_parquet(io.BytesIO(after[key])) for key in after.keys() - before]
