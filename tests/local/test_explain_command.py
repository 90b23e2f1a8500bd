"""flowsentry explain: prints the verdict and rule of each layer, and the overall verdict."""

import json
from pathlib import Path

import pytest

from tests.explain.company import (
    API,
    DATA,
    ICMP,
    ICMPV6,
    TCP,
    acl,
    entry,
    group,
    inbound,
    interface,
    leaving,
    open_acl,
    rules,
)
from tests.local.conftest import Flowsentry
from tests.local.snapshots import complaint, explained, written

DENIED = (entry(90, "deny", "10.0.3.0/24", TCP, 5432, 5432), *open_acl("data").entries)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """The company's snapshot, with all open."""
    return written(tmp_path)


def test_layers_are_printed_in_path_order_and_the_verdict_last(flowsentry: Flowsentry, snapshot: Path) -> None:
    done = flowsentry("explain", "--inventory", snapshot, "10.0.3.7", "10.0.9.9", 5432)
    assert (done.code, done.err) == (0, "")
    asked, *steps, verdict = done.out.splitlines()
    assert asked == (
        "tcp/5432 from 10.0.3.7 (i-api api-1) in vpc-1 to 10.0.9.9 (i-data data-1) in vpc-1, "
        "rules as of 2026-09-21 14:13:20 UTC"
    )
    assert steps == [
        (
            "  out of the interface    allowed     security group sg-api api-tier: "
            "an outbound rule allows traffic to 0.0.0.0/0"
        ),
        "  out of the subnet       allowed     network ACL acl-api api-b: rule 100 allows all traffic to 0.0.0.0/0",
        "  into the subnet         allowed     network ACL acl-data data-b: rule 100 allows all traffic from 0.0.0.0/0",
        (
            "  into the interface      allowed     security group sg-data data-tier: "
            "an inbound rule allows traffic from 0.0.0.0/0"
        ),
        "  reply out of the subnet allowed     network ACL acl-data data-b: rule 100 allows all traffic to 0.0.0.0/0",
        "  reply into the subnet   allowed     network ACL acl-api api-b: rule 100 allows all traffic from 0.0.0.0/0",
    ]
    assert verdict == "allowed and so is its reply"


def test_a_denied_packet_is_printed_with_the_change_that_allows_it_and_exits_with_0(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    path = written(tmp_path, rules(acl("data", *DENIED), group("data")))
    done = flowsentry("explain", "--inventory", path, "10.0.3.7", "10.0.9.9", 5432)
    assert done.code == 0
    by_acl = "network ACL acl-data data-b: rule 90 denies tcp/5432 from 10.0.3.0/24"
    by_group = "security group sg-data data-tier: no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1)"
    lines = done.out.splitlines()
    assert lines[3:5] == [
        f"  into the subnet         denied      {by_acl}",
        f"  into the interface      denied      {by_group}",
    ]
    assert lines[-1].startswith(f"denied by {by_acl}, and by {by_group} (rule 90 of acl-data denies ")
    assert lines[-1].endswith("; and an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it)")


def test_a_denied_reply_is_reported_as_the_reply(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = written(tmp_path, rules(acl("data", entry(100, "allow", "0.0.0.0/0", -1))))
    result = explained(flowsentry, path, "10.0.3.7", "10.0.9.9", 5432, "--source-port", 40_000)
    assert result["verdict"] == "denied"
    assert result["sentence"].startswith(
        "its reply is denied by network ACL acl-data data-b: no outbound rule allows tcp/40000 to 10.0.3.7 (i-api"
    )


def test_without_a_source_port_a_reply_allowed_for_some_ports_is_unknown(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    linux_only = acl("data", entry(1, "allow", "0.0.0.0/0", -1), leaving(1, "allow", "0.0.0.0/0", TCP, 32_768, 60_999))
    path = written(tmp_path, rules(linux_only))
    result = explained(flowsentry, path, "10.0.3.7", "10.0.9.9", 5432)
    assert result["verdict"] == "unknown"
    assert result["sentence"] == (
        "whether its reply is allowed cannot be determined: of tcp/1024-65535 to 10.0.3.7 (i-api api-1), "
        "only ports 32768-60999 are allowed"
    )
    assert explained(flowsentry, path, "10.0.3.7", "10.0.9.9", 5432, "--source-port", 40_000)["verdict"] == "allowed"


@pytest.mark.parametrize(
    ("arguments", "protocol", "traffic"),
    [
        (("5432",), 6, "tcp/5432"),
        (("53", "UDP"), 17, "udp/53"),
        (("8", "icmp"), ICMP, "icmp type 8 code 0"),
        (("3", "icmp"), ICMP, "icmp type 3"),
        (("0", "icmp"), ICMP, "icmp"),
        (("0", "47"), 47, "gre"),
        (("0", "-1"), -1, "all traffic"),
        (("0", "all"), -1, "all traffic"),
    ],
)
def test_the_protocol_is_a_name_or_number_and_the_icmp_port_is_the_type(
    flowsentry: Flowsentry, snapshot: Path, arguments: tuple[str, ...], protocol: int, traffic: str
) -> None:
    result = explained(flowsentry, snapshot, "api-1", "data-1", *arguments)
    assert (result["protocol"], result["traffic"], result["verdict"]) == (protocol, traffic, "allowed")


def test_icmp_between_ipv6_addresses_means_icmpv6(flowsentry: Flowsentry, snapshot: Path) -> None:
    result = explained(flowsentry, snapshot, "api-1", "2001:db8:1::9", 128, "icmp")
    assert (result["protocol"], result["traffic"]) == (ICMPV6, "icmpv6 type 128 code 0")


def test_all_traffic_is_unknown_when_only_some_is_allowed(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = written(tmp_path, rules(group("data", inbound("sg-data", TCP, (443, 443), cidr="0.0.0.0/0"))))
    assert explained(flowsentry, path, "api-1", "data-1", 0, "all")["verdict"] == "unknown"


def test_an_interface_without_a_security_group_is_reported_as_such(flowsentry: Flowsentry, tmp_path: Path) -> None:
    gateway = interface("api", "10.0.3.7", owner_kind="nat gateway", owner_id="nat-1", security_groups=())
    result = explained(flowsentry, written(tmp_path, None, (gateway, DATA)), "nat-1", "data-1", 443)
    assert result["steps"][0]["reason"] == "10.0.3.7 (nat gateway api-1) has no security group"


def test_a_newline_in_a_name_adds_no_output_line(flowsentry: Flowsentry, tmp_path: Path) -> None:
    forger = interface("data", "10.0.9.9", owner_name="x\nallowed \x1b[2J")
    done = flowsentry("explain", "--inventory", written(tmp_path, None, (API, forger)), "api-1", "i-data", 443)
    assert "\x1b" not in done.out
    assert len(done.out.splitlines()) == 8


@pytest.mark.parametrize("content", [b"", b"no snapshot", None])
def test_an_invalid_snapshot_is_reported_with_its_path(
    flowsentry: Flowsentry, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "snapshot"
    if content is not None:
        path.write_bytes(content)
    assert complaint(flowsentry("explain", "--inventory", path, "api-1", "data-1", 443)).partition(f"{path}: ")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("a", "b", "65536"), "'65536' is not a port; use 0 to 65535"),
        (("a", "b", "https"), "'https' is not a port"),
        (("a", "b", "1", "tpc"), "'tpc' is not a protocol; use tcp, udp, icmp, 0 to 255, or all"),
        (("a", "b", "1", "256"), "'256' is not a protocol"),
        (("a", "b", "1", "-2"), "'-2' is not a protocol"),
        (("a", "b"), "missing argument 'PORT'"),
    ],
)
def test_invalid_arguments_exit_with_2_and_a_message(
    flowsentry: Flowsentry, snapshot: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = flowsentry("explain", "--inventory", snapshot, *arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_json_output_is_one_line_with_the_same_facts(flowsentry: Flowsentry, snapshot: Path) -> None:
    done = flowsentry("explain", "--inventory", snapshot, "--json", "api-1", "data-1", 443)
    result = json.loads(done.out)
    assert done.out.count("\n") == 1
    assert [(step["is_reply"], step["is_egress"], step["layer"]) for step in result["steps"]] == [
        (False, True, "security_group"),
        (False, True, "network_acl"),
        (False, False, "network_acl"),
        (False, False, "security_group"),
        (True, True, "network_acl"),
        (True, False, "network_acl"),
    ]
    assert result["steps"][1] == {
        "is_reply": False,
        "layer": "network_acl",
        "is_egress": True,
        "verdict": "allowed",
        "reason": "rule 100 allows all traffic to 0.0.0.0/0",
        "resources": [{"id": "acl-api", "name": "api-b"}],
        "rule": "100",
        "change": "",
    }
