"""The checks of doctor, except those of destinations: what they say, just below and just above each limit."""

from dataclasses import replace
from typing import Any

import pytest

from local.doctor.account_state import (
    Cluster,
    Concurrency,
    Deployed,
    NetworkResource,
    Unasked,
)
from local.doctor.verdicts import Level
from tests.local.doctor.accounts import (
    ACCOUNT,
    BUCKET,
    GROUP,
    LOG_GROUP,
    NOW,
    OTHER_ACCOUNT,
    OTHER_VPC,
    PICTURE,
    REGION,
    SUBNET,
    VPC,
    deployment,
    flow_log,
    judged,
    only,
)

RESOURCES = dict(PICTURE.resources or {})


def test_in_an_account_where_everything_is_there_nothing_is_wrong() -> None:
    assert judged() == []


@pytest.mark.parametrize(("version", "says"), [(0, "never bootstrapped"), (5, "version 5; needed: 6")])
def test_without_a_new_enough_bootstrap_stack_a_deploy_would_fail(version: int, says: str) -> None:
    level, about, finding = only(judged(bootstrap_version=version))
    assert (level, about) == ("stop", "CDK bootstrap")
    assert says in finding


def test_the_least_bootstrap_version_is_enough() -> None:
    assert judged(bootstrap_version=6) == []


@pytest.mark.parametrize(
    ("owner", "has_boundary", "says"),
    [
        (ACCOUNT, True, ""),
        (ACCOUNT, None, ""),
        ("aws", True, ""),
        (ACCOUNT, False, "there is no policy"),
        (OTHER_ACCOUNT, None, f"is of account {OTHER_ACCOUNT}"),
    ],
)
def test_a_permissions_boundary_must_exist_in_the_account(owner: str, has_boundary: object, says: str) -> None:
    given = deployment(permissions_boundary=f"arn:aws:iam::{owner}:policy/boundary")
    found = judged(given, has_boundary=has_boundary)
    assert [(each.level, each.about) for each in found] == [(Level.STOP, "permissions_boundary")] * bool(says)
    assert all(says in each.finding for each in found)


@pytest.mark.parametrize(
    ("stack", "says"),
    [("flowsentry-processing", ""), ("", "made by no stack"), ("team-roles", "made by the stack team-roles")],
)
def test_a_role_of_somebody_else_with_a_name_that_ours_needs_stops(stack: str, says: str) -> None:
    found = judged(roles={f"flowsentry-inventory-{REGION}": stack})
    assert [each.level for each in found] == [Level.STOP] * bool(says)
    assert all(says in each.finding for each in found)


def without_reservation(**settings: Any) -> Any:
    return deployment(stream_processor={}, **settings)


def test_a_new_account_is_told_which_setting_fits_it_and_what_that_means() -> None:
    (verdict,) = judged(without_reservation(), concurrency=Concurrency(10, 10))
    assert verdict.level is Level.WARNING
    assert "10 executions at once" in verdict.finding
    assert '"lambda_concurrency": 10' in verdict.mend
    assert "3 objects are then processed at once" in verdict.mend


def test_settings_that_fit_the_account_are_fine() -> None:
    assert judged(without_reservation(lambda_concurrency=10), concurrency=Concurrency(10, 10)) == []


@pytest.mark.parametrize(("limit", "warnings"), [(199, 1), (200, 0)])
def test_from_200_executions_nothing_has_to_fit(limit: int, warnings: int) -> None:
    assert len(judged(without_reservation(), concurrency=Concurrency(limit, limit))) == warnings


def test_settings_for_less_than_the_account_allows_are_told() -> None:
    level, _, finding = only(judged(without_reservation(lambda_concurrency=10)))
    assert level == "warning"
    assert "less is processed at once than could be" in finding


@pytest.mark.parametrize(("reserved", "level"), [(900, []), (901, ["stop"])])
def test_a_reservation_must_leave_executions_to_others(reserved: int, level: list[str]) -> None:
    given = deployment(stream_processor={"reserved_concurrency": reserved}, lambda_concurrency=2_000)
    assert [each.level.value for each in judged(given)] == level


def test_a_resource_that_does_not_exist_stops() -> None:
    level, about, finding = only(judged(resources={k: v for k, v in RESOURCES.items() if k != VPC}))
    assert (level, about) == ("stop", VPC)
    assert finding == f"does not exist in account {ACCOUNT}, {REGION}"


def test_a_vpc_that_another_account_shares_stops() -> None:
    shared = {**RESOURCES, VPC: NetworkResource(VPC, owner=OTHER_ACCOUNT)}
    assert only(judged(resources=shared))[:2] == ("stop", VPC)


@pytest.mark.parametrize(("number", "verdicts"), [(249, []), (250, ["stop"])])
def test_a_resource_with_as_many_flow_logs_as_aws_takes_stops(number: int, verdicts: list[str]) -> None:
    others = [flow_log(f"fl-{each}") for each in range(number)]
    assert [each.level.value for each in judged(flow_logs=others)] == verdicts


def test_flow_logs_of_this_deployment_and_of_other_resources_do_not_count() -> None:
    own = flow_log("fl-own", stack="flowsentry-flow-logs")
    assert judged(flow_logs=[own, flow_log("fl-1"), flow_log("fl-2", OTHER_VPC), flow_log("fl-3", OTHER_VPC)]) == []


def test_a_resource_inside_another_one_that_is_logged_stops() -> None:
    inner = {**RESOURCES, VPC: NetworkResource(VPC, (OTHER_VPC,), ACCOUNT), OTHER_VPC: NetworkResource(OTHER_VPC)}
    given = deployment(sources=[{"vpc_ids": [VPC, OTHER_VPC], "destination": "s3"}])
    level, about, finding = only(judged(given, resources=inner))
    assert (level, about) == ("stop", VPC)
    assert "counted twice" in finding


def test_a_subnet_in_a_vpc_that_all_vpcs_logs_stops() -> None:
    def given(*excepted: str) -> Any:
        every = {"all_vpcs": True, "except_vpc_ids": list(excepted), "destination": "s3", "name": "every"}
        one = {"subnet_ids": [SUBNET], "inside": list(excepted[:1]), "destination": "s3", "name": "one"}
        return deployment(sources=[every, one])

    level, about, finding = only(judged(given(OTHER_VPC)))
    assert (level, about) == ("stop", SUBNET)
    assert f"is inside {VPC}, which all_vpcs logs" in finding
    assert judged(given(VPC)) == []


def test_a_subnet_and_its_vpc_are_counted_twice() -> None:
    given = deployment(sources=[{"vpc_ids": [VPC], "subnet_ids": [SUBNET], "destination": "s3"}])
    assert only(judged(given))[:2] == ("stop", SUBNET)


@pytest.mark.parametrize(
    "destination",
    [f"arn:aws:s3:::{BUCKET}/AWSLogs", LOG_GROUP, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}:*"],
)
@pytest.mark.parametrize("resource", [VPC, SUBNET])
def test_a_vpc_whose_existing_flow_log_is_read_too_stops(destination: str, resource: str) -> None:
    verdicts = judged(flow_logs=[flow_log("fl-1", resource, destination)])
    assert only(verdicts)[:2] == ("stop", VPC)
    assert "which is read too" in verdicts[0].finding


@pytest.mark.parametrize(
    ("cluster", "level"),
    [
        (None, "stop"),
        (Cluster("ACTIVE", "CONFIG_MAP", is_public=True), "stop"),
        (Cluster("CREATING", "API", is_public=True), "warning"),
    ],
)
def test_a_cluster_that_takes_no_access_entry_stops(cluster: Cluster | None, level: str) -> None:
    assert only(judged(clusters={"shop": cluster} if cluster else {}))[:2] == (level, "cluster shop")


def test_a_private_cluster_needs_a_network() -> None:
    private = {"shop": Cluster("ACTIVE", "API", is_public=False)}
    assert judged(clusters=private) == []
    assert only(judged(deployment(inventory_network=None), clusters=private))[0] == "warning"


def test_a_cluster_whose_role_is_mapped_by_hand_needs_no_access_entries() -> None:
    given = deployment(kubernetes_clusters=[{"name": "shop", "access_entry": False}])
    assert judged(given, clusters={"shop": Cluster("ACTIVE", "CONFIG_MAP", is_public=True)}) == []


def test_the_network_of_the_function_is_in_one_vpc() -> None:
    apart = {**RESOURCES, GROUP: NetworkResource(GROUP, (OTHER_VPC,))}
    assert only(judged(resources=apart))[:2] == ("stop", "inventory_network")
    assert only(judged(resources={k: v for k, v in RESOURCES.items() if k != GROUP}))[:2] == ("stop", GROUP)


def test_an_event_bus_and_a_security_hub_that_do_not_exist_stop() -> None:
    found = judged(event_buses=frozenset(), has_security_hub=False)
    assert [(each.level.value, each.about) for each in found] == [("stop", "event_bus"), ("stop", "security_hub")]


def test_without_addresses_nobody_gets_alerts() -> None:
    level, about, finding = only(judged(deployment(alert_emails=[])))
    assert (level, about) == ("warning", "alert_emails")
    assert "nobody gets the alarms about Flowsentry itself" in finding


LONGEST = 7 * 86_400


@pytest.mark.parametrize(("until", "number"), [(NOW, 0), (NOW + 1, 1), (NOW + LONGEST, 1), (NOW + LONGEST + 1, 0)])
def test_a_pause_is_told_until_it_ends(until: int, number: int) -> None:
    found = judged(deployed=Deployed(paused_until=until, paused_by="alice"))
    assert len(found) == number
    assert all("by alice" in each.finding for each in found)


@pytest.mark.parametrize(
    ("known", "wanted", "first"),
    [(4, 1, "2"), (4, 2, ""), (4, 8, ""), (4, 9, "8"), (5, 2, "3"), (0, 9, ""), (4, 0, "")],
)
def test_shards_that_one_deployment_cant_make_stop(known: int, wanted: int, first: str) -> None:
    found = judged(deployment(payload_stream={"shards": wanted}), stream_shards=known)
    assert [each.mend for each in found] == ([f"Set payload_stream.shards to {first} first."] if first else [])


def test_subscriptions_that_nobody_confirmed_are_told() -> None:
    known = Deployed(topics_without_subscription=("alert-topic",), not_confirmed=("email a@example.com",))
    assert [each.about for each in judged(deployed=known)] == ["email a@example.com", "alert-topic"]


def test_what_could_not_be_asked_is_a_warning_and_judges_nothing() -> None:
    nothing = dict.fromkeys(
        (
            *("bootstrap_version", "concurrency", "resources", "flow_logs", "log_groups", "buckets", "keys"),
            *("clusters", "event_buses", "has_security_hub", "deployed", "has_boundary", "roles", "stream_shards"),
        )
    )
    unasked = (Unasked("ec2:DescribeVpcs", "UnauthorizedOperation"),)
    level, about, finding = only(judged(unasked=unasked, **nothing))
    assert (level, about, finding) == ("warning", "ec2:DescribeVpcs", "could not ask (UnauthorizedOperation)")


def test_a_picture_is_as_old_as_it_says() -> None:
    assert replace(PICTURE).asked_at == NOW
