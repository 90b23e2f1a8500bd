"""flowsentry replay --set, --against: compares two settings on the same logs before deployment."""

import json
from pathlib import Path

import pytest

from tests.builders import NOON, exchange, flow_log, probe
from tests.local.conftest import Flowsentry
from tests.local.replay.test_replay_command import written

SLOW, FAST = "203.0.113.9", "203.0.113.10"


@pytest.fixture
def logs(tmp_path: Path) -> str:
    """Two scanners: one tries 12 ports, the other 30, a minute apart."""
    for number in range(30):
        at = NOON + 60 * number
        sources = [FAST, *([SLOW] if number < 12 else [])]
        lines = [probe(source, "10.0.0.1", 1 + number, start=at, end=at + 50) for source in sources]
        written(tmp_path, flow_log(lines), f"{number:02}.log")
    return str(tmp_path)


def test_a_higher_threshold_finds_fewer_scanners(flowsentry: Flowsentry, logs: str) -> None:
    def subjects(*options: str) -> list[str]:
        return sorted(each["subject"] for each in flowsentry("replay", "--json", *options, logs).findings)

    assert subjects() == sorted([SLOW, FAST])
    assert subjects("--set", "scan.min_endpoints=20") == [FAST]


def test_a_comparison_lists_findings_that_appear_and_disappear(flowsentry: Flowsentry, logs: str) -> None:
    done = flowsentry("replay", "--set", "scan.min_endpoints=20", "--against", "default", logs)
    assert done.out.splitlines() == [
        "                        default  scan.min_endpoints=20",
        "findings                      2                      1",
        "port_scan (background)        2                      1",
        "",
        "1 disappear with scan.min_endpoints=20",
        f"  background {SLOW} scans ports of 10.0.0.1: 10 ports  (port_scan)",
        "",
        "0 appear with scan.min_endpoints=20",
        "",
        "1 found by both, 1 of them at a different time",
        "  median difference 10 min later",
    ]
    assert done.code == 0


def test_a_comparison_in_the_other_direction_lists_them_as_appearing(flowsentry: Flowsentry, logs: str) -> None:
    done = flowsentry("replay", "--json", "--against", "scan.min_endpoints=20", logs)
    changes = {each["finding"]["subject"]: (each["change"], each.get("later_seconds")) for each in done.records}
    assert changes == {SLOW: ("appears", None), FAST: ("stays", -600)}


def test_equal_settings_have_no_differences(flowsentry: Flowsentry, logs: str) -> None:
    done = flowsentry("replay", "--against", "default", logs)
    assert done.out.splitlines()[-5:] == [
        *("0 disappear with default", ""),
        *("0 appear with default", ""),
        "2 found by both",
    ]


def cdk_json(folder: Path, **settings: object) -> Path:
    sources = [{"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}]
    path = folder / "cdk.json"
    path.write_text(json.dumps({"context": {"flowsentry": {"sources": sources, **settings}}}))
    return path


def test_thresholds_are_read_from_the_settings_of_a_deployment(
    flowsentry: Flowsentry, logs: str, tmp_path: Path
) -> None:
    settings = cdk_json(tmp_path, thresholds={"scan": {"min_endpoints": 20}})
    assert [each["subject"] for each in flowsentry("replay", "--json", "--settings", settings, logs).findings] == [FAST]
    changed = ("--settings", settings, "--set", "scan.min_endpoints=25", "--against", "settings")
    assert flowsentry("replay", *changed, logs).out.splitlines()[0].split() == [
        "scan.min_endpoints=20",
        "scan.min_endpoints=25",
    ]


def test_a_suppressed_finding_is_counted_but_not_printed(flowsentry: Flowsentry, logs: str, tmp_path: Path) -> None:
    settings = cdk_json(tmp_path, suppressions=[{"reason": "our own scanner", "networks": [f"{SLOW}/32"]}])
    done = flowsentry("replay", "--settings", settings, logs)
    assert f"{SLOW} scans" not in done.out
    assert f"{FAST} scans" in done.out
    assert "suppressed 1 (our own scanner 1)" in done.complaints


def test_a_public_login_service_in_the_settings_is_not_reported(flowsentry: Flowsentry, tmp_path: Path) -> None:
    sessions = [
        record
        for host in range(1, 13)
        for server in ("10.0.0.1", "10.0.0.2")
        for record in exchange(f"203.0.113.{host}", server, 22, packets=60, bytes=9_001)
    ]
    written(tmp_path, flow_log(sessions), "sessions.log")
    settings, log = cdk_json(tmp_path, public_login_services=["10.0.0.1:22"]), tmp_path / "sessions.log"

    def reported(*options: object) -> list[tuple[str, str]]:
        return [(each["kind"], each["subject"]) for each in flowsentry("replay", "--json", *options, log).findings]

    assert sorted(reported()) == [("public_login_service", "10.0.0.1"), ("public_login_service", "10.0.0.2")]
    assert reported("--settings", settings) == [("public_login_service", "10.0.0.2")]
    assert reported("--settings", settings, "--public", "10.0.0.2") == []
    refused = flowsentry("replay", "--public", "10.0.0.2/8", log)
    assert refused.code != 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "as cdk.json has"),
        ('{"app": "x"}', "as cdk.json has"),
        ('{"context": {"flowsentry": {"trusted_networks": ["x"]}}}', 'flowsentry.trusted_networks[0] is "x"; allowed'),
        ('{"context": {"flowsentry": {"thresholds": {"scan": {"min_endpoints": 1}}}}}', "whole number from 5 to 60"),
    ],
)
def test_invalid_settings_are_rejected(
    flowsentry: Flowsentry, logs: str, tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(text)
    done = flowsentry("replay", "--settings", path, logs)
    assert (done.code, done.out) == (1, "")
    assert complaint in " ".join(done.complaints)


@pytest.mark.parametrize("option", ["--set", "--against"])
def test_an_unknown_threshold_is_rejected_with_the_known_ones(flowsentry: Flowsentry, logs: str, option: str) -> None:
    done = flowsentry("replay", option, "scan.min_hosts=20", logs)
    assert (done.code, done.out) == (1, "")
    assert "unknown threshold scan.min_hosts; known are scan.min_endpoints" in done.complaints[0]


def test_a_comparison_of_standard_input_is_rejected(flowsentry: Flowsentry) -> None:
    done = flowsentry("replay", "--against", "default", "-")
    assert (done.code, done.complaints) == (
        1,
        ["flowsentry: standard input can be read only once; give files to compare"],
    )


def test_an_unreadable_file_is_reported_once(flowsentry: Flowsentry, logs: str, tmp_path: Path) -> None:
    written(tmp_path, b"\x1f\x8b broken", "broken.log.gz")
    done = flowsentry("replay", "--against", "default", logs)
    assert done.code == 1
    assert sum("broken.log.gz" in each for each in done.complaints) == 1
