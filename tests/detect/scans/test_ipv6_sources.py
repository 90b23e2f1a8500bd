"""IPv6 sources: an external /64 is one source, an internal address is one; findings list their addresses."""

from random import Random

import pytest

from flowsentry.findings.bounds import MAX_SOURCE_IDS
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.suppressions import Suppressions, suppressed
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import PUBLIC
from tests.builders import NOON, V2, V5, VPC, Watch, blocked, exchange, flow_log, interface, line
from tests.detect.observed import TRY

NETWORK = "2001:db8:1:2::/64"
OURS = Inventory.of((), {VPC: ("10.0.0.0/16", "2001:db8:aaaa::/56")})
TARGETS = [f"2001:db8:aaaa::{host:x}" for host in range(16, 36)]


def sources(count: int, prefix: str = "2001:db8:1:2") -> list[str]:
    return [f"{prefix}::{number * 77 + 1:x}" for number in range(count)]


def sweep(names: tuple[str, ...] = V5, hosts: int = 14, prefix: str = "2001:db8:1:2") -> list[str]:
    """A probe of each host, each from a different address."""
    ends = zip(sources(hosts, prefix), TARGETS, strict=False)
    return [blocked(*end, 22, names, start=NOON + at, end=NOON + at + 3) for at, end in enumerate(ends)]


def reported(lines: list[str], names: tuple[str, ...] = V5, watch: Watch | None = None) -> list[Finding]:
    watch = watch or Watch(OURS)
    watch.see(flow_log(lines, names))
    return watch.found


@pytest.mark.parametrize("names", [V2, V5], ids=["default format", "version 5"])
def test_a_scanner_with_a_new_address_for_each_probe_is_one_source(names: tuple[str, ...]) -> None:
    (finding,) = reported(sweep(names), names)
    assert (finding.subject, finding.scope, finding.severity) == (NETWORK, PUBLIC, Severity.BACKGROUND)
    assert finding.details["hosts"] == 14
    assert set(finding.details["source_addresses"]) <= set(sources(14))
    assert len(finding.details["source_addresses"]) == MAX_SOURCE_IDS
    assert 8 <= finding.details["source_address_count"] <= 40


def test_the_finding_lists_the_addresses_of_targets() -> None:
    (finding,) = reported(sweep())
    assert all(each.startswith("[2001:db8:aaaa::") for each in finding.details["sample_endpoints"])


@pytest.mark.slow
def test_the_kept_addresses_do_not_depend_on_the_delivery_of_records() -> None:
    lines, draw = sweep(hosts=20), Random(5)  # noqa: S311 - seeded
    whole = Watch(OURS)
    whole.see(flow_log(lines))
    for _ in range(3):
        cut = Watch(OURS)
        shuffled = draw.sample(lines, len(lines)) + lines[:4]
        cut.see(*(flow_log(shuffled[at : at + 3]) for at in range(0, len(shuffled), 3)))
        assert cut.evidence.items == whole.evidence.items


def test_addresses_of_different_networks_are_different_sources() -> None:
    assert reported(sweep(hosts=6) + sweep(hosts=6, prefix="2001:db8:1:3")) == []


def test_an_internal_host_is_identified_by_its_address() -> None:
    ends = [(f"2001:db8:aaaa::{at % 2 + 1:x}", target) for at, target in enumerate(TARGETS)]
    lines = [blocked(*end, 22, start=NOON + at, end=NOON + at + 3) for at, end in enumerate(ends)]
    found = reported(lines)
    assert {each.subject for each in found} <= {"2001:db8:aaaa::1", "2001:db8:aaaa::2"}
    assert all("source_addresses" not in each.details for each in found)


@pytest.mark.parametrize("source", ["fe80::9", "fd00:9::9"])
def test_link_local_and_unique_local_sources_belong_to_their_vpc(source: str) -> None:
    watch = Watch(OURS)
    for vpc in (VPC, "vpc-0b2c3d4e"):
        lines = [blocked(source, target, 22, vpc_id=vpc, interface_id=f"eni-{vpc}") for target in TARGETS[:8]]
        watch.see(flow_log(lines))
    assert watch.found == []
    assert {key.scope for key in watch.evidence.items} == {VPC, "vpc-0b2c3d4e"}


def test_an_ipv4_mapped_address_is_a_single_source() -> None:
    lines = [blocked(f"::ffff:203.0.113.{at + 1}", target, 22) for at, target in enumerate(TARGETS[:14])]
    watch = Watch(OURS)
    watch.see(flow_log(lines))
    assert watch.found == []
    assert "::ffff:203.0.113.1" in {key.source for key in watch.evidence.items}


def test_a_source_is_trusted_if_its_network_or_all_of_its_addresses_are_trusted() -> None:
    heard = [each for at, source in enumerate(sources(4)) for each in exchange(source, TARGETS[-1 - at], 22)]
    for trusted, severity in (
        ((), Severity.MEDIUM),
        (("2001:db8:1::/48",), Severity.BACKGROUND),
        (("2001:db8:1:2::1/128",), Severity.MEDIUM),
    ):
        (finding,) = [each for each in reported(sweep(hosts=14) + heard, watch=Watch(OURS, trusted)) if each.endpoints]
        assert finding.severity is severity


def test_guessing_from_trusted_addresses_only_is_not_reported() -> None:
    ends: dict[str, object] = {"srcaddr": "2001:db8:1:2::5", "dstaddr": TARGETS[0], "dstport": 22, "bytes": 900}
    ends["flow_direction"] = "ingress"
    lines = [line(srcport=40_000 + at, packets=TRY, **ends) for at in range(25)]
    (finding,) = reported(lines)
    assert (finding.kind, finding.subject) == ("login_brute_force", NETWORK)
    assert finding.details["source_addresses"] == ["2001:db8:1:2::5"]
    assert finding.details["sample_endpoints"] == [f"[{TARGETS[0]}]:22/tcp"]
    assert reported(lines, watch=Watch(OURS, ["2001:db8:1:2::5/128"])) == []
    other = line(packets=TRY, **ends | {"srcaddr": "2001:db8:1:2::6"})
    assert len(reported([*lines, other], watch=Watch(OURS, ["2001:db8:1:2::5/128"]))) == 1


def test_a_session_is_reported_for_its_network_without_trusted_addresses() -> None:
    lines = [
        line(srcaddr=source, dstaddr=TARGETS[0], dstport=22, packets=60, flow_direction="ingress")
        for source in ("2001:db8:1:2::5", "2001:db8:1:2::6")
    ]
    (finding,) = reported(lines, watch=Watch(OURS, ["2001:db8:1:2::5/128"]))
    assert finding.title == f"{NETWORK} has an external SSH session on {TARGETS[0]}: port 22"
    assert (finding.details["source_addresses"], finding.details["source_address_count"]) == (["2001:db8:1:2::6"], 1)


@pytest.mark.parametrize(
    ("network", "is_suppressed"),
    [("2001:db8:1:2::/64", True), ("2001:db8:1::/48", True), ("2001:db8:1:2::1", False), ("2001:db8:1:3::/64", False)],
)
def test_a_network_is_suppressed_by_itself_or_a_larger_network(network: str, is_suppressed: bool) -> None:  # noqa: FBT001
    entry = f'{{"suppressions": [{{"reason": "known", "networks": ["{network}"]}}]}}'
    (finding,) = suppressed(reported(sweep()), Suppressions.of_json(entry), NOON)
    assert bool(finding.suppressed_by) == is_suppressed


def test_the_owner_of_a_single_target_is_in_the_details() -> None:
    known = Inventory.of((interface(TARGETS[0], name="web-1"),), {VPC: ("2001:db8:aaaa::/56",)})
    lines = [blocked(TARGETS[1], TARGETS[0], 80 + at) for at in range(14)]
    (finding,) = reported(lines, watch=Watch(known))
    assert finding.details["target_owner"]["name"] == "web-1"
    assert TARGETS[0] in finding.title


def test_without_ipv6_no_addresses_are_kept() -> None:
    watch = Watch()
    watch.see(flow_log([blocked("203.0.113.9", f"10.0.0.{host}", 22) for host in range(1, 15)]))
    (evidence,) = watch.evidence.items.values()
    assert {evidence.failed_addresses, evidence.source_ids} == {frozenset()}
