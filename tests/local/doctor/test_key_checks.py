"""What doctor says about KMS keys: whom they must admit, by what they encrypt."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.doctor.account_state import Key
from stacks.constructs.key_statements import service_statements
from tests.local.doctor.accounts import ACCOUNT, KEY, OTHER_ACCOUNT, REGION, ROOT_MAY, VPC, deployment, judged, only

OTHER_REGION_KEY = KEY.replace(REGION, "us-east-1")
STATEMENTS = {each["Sid"]: each for each in service_statements("flowsentry", "aws", REGION, ACCOUNT)}
IN_S3 = [{"vpc_ids": [VPC], "destination": "s3"}]
IN_LOG_GROUPS = [{"vpc_ids": [VPC], "destination": "cloudwatch"}]
OF_DEPLOYMENT = {"kms_key_arn": KEY, "existing_buckets": []}


def keys(*statements: Any, **changed: Any) -> Mapping[str, Key]:
    given = {"state": "Enabled", "account_id": ACCOUNT, "policy": {"Statement": [ROOT_MAY, *statements]}}
    return {KEY: Key(**{**given, **changed})}


def without(*sids: str) -> list[Any]:
    return [each for sid, each in STATEMENTS.items() if sid not in sids]


@pytest.mark.parametrize(
    ("key", "level"),
    [
        (None, "stop"),
        (Key("Disabled", ACCOUNT, {"Statement": [ROOT_MAY]}), "stop"),
        (Key("Enabled", ACCOUNT), "warning"),
        (Key("Enabled", ACCOUNT, {"Statement": []}), "stop"),
        (Key("Enabled", OTHER_ACCOUNT, {"Statement": [{**ROOT_MAY, "Effect": "Deny"}]}), "stop"),
    ],
)
def test_a_key_that_does_not_admit_this_account_is_told(key: Key | None, level: str) -> None:
    assert only(judged(keys={KEY: key} if key else {}))[:2] == (level, KEY)


def test_a_key_of_another_region_stops_though_it_was_not_found() -> None:
    given = deployment(kms_key_arn=OTHER_REGION_KEY, existing_buckets=[])
    level, about, finding = only(judged(given, buckets={}, keys={}))
    assert (level, about) == ("stop", OTHER_REGION_KEY)
    assert f"is in us-east-1; the services that use it take keys of their own Region, {REGION}" in finding


@pytest.mark.parametrize("changed", [{"state": "PendingDeletion"}, {"state": "Disabled"}, {"spec": "RSA_2048"}])
def test_a_key_that_encrypts_nothing_stops(changed: dict[str, str]) -> None:
    assert only(judged(keys=keys(**changed)))[:2] == ("stop", KEY)


def test_a_key_of_a_deployment_with_all_the_statements_of_the_documentation_is_fine() -> None:
    assert judged(deployment(**OF_DEPLOYMENT), keys=keys(*STATEMENTS.values())) == []


@pytest.mark.parametrize(
    ("sid", "services"),
    [
        ("LogGroups", [f"logs.{REGION}.amazonaws.com"]),
        ("LogDelivery", ["delivery.logs.amazonaws.com"]),
        ("ObjectEventsAndAlarms", ["cloudwatch.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"]),
        ("Events", ["events.amazonaws.com"]),
    ],
)
def test_a_key_of_a_deployment_that_does_not_admit_a_service_stops(sid: str, services: list[str]) -> None:
    level, about, finding = only(judged(deployment(**OF_DEPLOYMENT), keys=keys(*without(sid))))
    assert (level, about) == ("stop", KEY)
    assert all(f"{each} (kms:Decrypt, " in finding for each in services)
    assert finding.count("amazonaws.com") == len(services)


def test_the_key_that_kms_makes_by_default_stops_with_all_services() -> None:
    _, _, finding = only(judged(deployment(**OF_DEPLOYMENT), keys=keys()))
    assert finding.count("amazonaws.com") == 6


def test_the_action_that_is_missing_is_named() -> None:
    decrypt_only = {**STATEMENTS["Events"], "Action": "kms:Decrypt"}
    _, _, finding = only(judged(deployment(**OF_DEPLOYMENT), keys=keys(*without("Events"), decrypt_only)))
    assert finding.endswith("events.amazonaws.com (kms:GenerateDataKey)")


def test_without_flow_logs_to_s3_the_delivery_of_logs_needs_no_key() -> None:
    given = deployment(**OF_DEPLOYMENT, sources=IN_LOG_GROUPS)
    assert judged(given, keys=keys(*without("LogDelivery"))) == []


@pytest.mark.parametrize(
    ("sources", "sid"),
    [(IN_S3, "LogDelivery"), (IN_LOG_GROUPS, "LogGroups")],
)
def test_the_key_of_a_source_must_admit_who_writes_and_nobody_else(sources: list[Any], sid: str) -> None:
    given = deployment(sources=[{**sources[0], "kms_key_arn": KEY}], existing_buckets=[])
    assert judged(given, keys=keys(STATEMENTS[sid])) == []
    level, about, finding = only(judged(given, keys=keys(*without(sid))))
    assert (level, about) == ("stop", KEY)
    assert finding.count("amazonaws.com") == 1


def test_where_a_source_has_its_own_key_that_of_the_deployment_admits_no_delivery() -> None:
    source_key = KEY.replace("/0a1b", "/ffff")
    given = deployment(**OF_DEPLOYMENT, sources=[{**IN_S3[0], "kms_key_arn": source_key}])
    of_source = keys(STATEMENTS["LogDelivery"])[KEY]
    assert judged(given, keys={**keys(*without("LogDelivery")), source_key: of_source}) == []


def test_the_key_of_an_existing_bucket_is_only_read_with() -> None:
    assert judged(keys=keys()) == []


def test_a_key_of_another_account_is_told_with_what_its_policy_must_say() -> None:
    known = keys(account_id=OTHER_ACCOUNT, policy=None)
    level, _, finding = only(judged(deployment(**OF_DEPLOYMENT), keys=known))
    assert (level, finding) == ("warning", f"is of account {OTHER_ACCOUNT}, so that its key policy can't be read here")


@pytest.mark.parametrize(
    ("settings", "section"),
    [
        (OF_DEPLOYMENT, '"encryption"'),
        ({"sources": [{**IN_S3[0], "kms_key_arn": KEY}], "existing_buckets": []}, '"a key of your own"'),
    ],
)
def test_the_mend_says_where_the_statements_are(settings: dict[str, Any], section: str) -> None:
    (verdict,) = judged(deployment(**settings), keys=keys())
    assert section in verdict.mend
