"""The parameter that says which flow logs are read: its value, its age, and damage."""

import json
import time

import pytest

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.aws.flow_logs.coverage_parameter import SETTLED_SECONDS, CoverageParameter
from flowsentry.records.flow_logs import Coverage
from tests.moto_world import COVERAGE_PARAMETER, make_coverage

VPC = "vpc-0123456789abcdef0"
DESTINATIONS = frozenset({"/flow-logs", "s3://bucket/"})


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory")
    telemetry.metrics.cache_clear()


def parameter(age: float) -> CoverageParameter:
    """The parameter, so many seconds after it was written."""
    return CoverageParameter(COVERAGE_PARAMETER, clients.ssm(), clock=lambda: time.time() + age)


def test_a_resource_counts_once_its_deployment_is_an_hour_old() -> None:
    make_coverage(*DESTINATIONS, resources=[VPC])
    assert parameter(SETTLED_SECONDS - 60).read() == Coverage(DESTINATIONS)
    assert parameter(SETTLED_SECONDS + 60).read() == Coverage(DESTINATIONS, (VPC,))


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", json.dumps({"destinations": [1], "resources": []})])
def test_after_damage_the_last_valid_value_is_used_and_reported(damage: str) -> None:
    make_coverage(*DESTINATIONS)
    there = parameter(0)
    there.read()
    clients.ssm().put_parameter(Name=COVERAGE_PARAMETER, Value=damage or " ", Type="String", Overwrite=True)
    assert there.read() == Coverage(DESTINATIONS)
    assert parameter(0).read() == Coverage()
    assert "StoredObjectsUnreadable" in telemetry.metrics().metric_set


def test_while_systems_manager_throttles_the_last_valid_value_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    make_coverage(*DESTINATIONS)
    there = parameter(0)
    there.read()

    def throttles(**_: object) -> None:
        answer = {"Error": {"Code": "ThrottlingException", "Message": ""}}
        raise clients.ssm().exceptions.ClientError(answer, "GetParameter")  # type: ignore[arg-type]

    monkeypatch.setattr(clients.ssm(), "get_parameter", throttles)
    assert there.read() == Coverage(DESTINATIONS)


def test_without_the_parameter_nothing_is_covered() -> None:
    assert parameter(0).read() == Coverage()
