"""The API of the scan view."""

from starlette.testclient import TestClient

from local.console.subjects.replayed import Replayed
from tests.local.console.conftest import json_of
from tests.local.console.pages.test_traffic_map import around


def test_a_scan_of_a_finding_is_the_grid_of_its_source(client: TestClient, data: Replayed) -> None:
    finding = next(each.finding for each in data.alerts() if each.finding.kind == "network_scan")
    grid = json_of(client, "/api/scan", source=finding.subject, **around(data))
    assert finding.id in {each["id"] for each in grid["findings"]}
    assert sum(grid["totals"].values()) == len(grid["cells"]) + grid["left_out"]["endpoints"]
    tried = {
        f"{grid['hosts'][each['host']]['address']}:{grid['ports'][each['port']]['name']}" for each in grid["cells"]
    }
    assert set(finding.details["sample_endpoints"]) <= tried


def test_scanners_are_among_the_sources_with_their_findings(client: TestClient, data: Replayed) -> None:
    found = json_of(client, "/api/scan/sources", **around(data))["sources"]
    of_source = {each["source"]: [finding["id"] for finding in each["findings"]] for each in found}
    scans = [each.finding for each in data.alerts() if each.finding.kind in {"port_scan", "network_scan", "host_sweep"}]
    assert scans
    assert all(each.id in of_source[each.subject] for each in scans if each.subject in of_source)
    assert [each["targets"] for each in found] == sorted((each["targets"] for each in found), reverse=True)


def test_a_source_is_needed(client: TestClient) -> None:
    answer = client.get("/api/scan", params={"start": 1, "end": 2, "source": "  "})
    assert (answer.status_code, answer.json()["error"]) == (400, "source is missing: an address, such as 10.0.3.7")
