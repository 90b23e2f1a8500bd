"""The inventory of an account as it is now: which calls it takes, what refused ones leave out, and where it is kept."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from flowsentry.inventory.snapshot import unpack
from local.inventory.live import LiveError, live_inventory, saved
from local.inventory.permissions import policy
from tests.aws.inventory.described_region import ACCOUNT, ENI, NOW, TARGET, Region
from tests.aws.inventory.test_owner_apis import WITH_MORE_TO_ASK
from tests.inventory.test_owner_kinds import DESCRIBED

WHO = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me", "UserId": "AIDAEXAMPLEEXAMPLE"}


def allowed() -> set[str]:
    statements = json.loads(policy())["Statement"]
    actions = [each["Action"] for each in statements]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


def test_the_policy_allows_exactly_the_calls_of_a_discovery() -> None:
    region = Region()
    for number, (type_, description, requester, _) in enumerate(DESCRIBED):
        region.add(f"eni-{number}", description, InterfaceType=type_, RequesterId=requester)
    region.add("eni-i", Attachment={"InstanceId": "i-1"})
    region.add("eni-unknown")
    for service, operation, rows in WITH_MORE_TO_ASK:
        region.aws.respond(service, operation, rows)
    region.source.discover()
    assert set(region.aws.calls) == allowed()


def test_every_action_of_the_policy_reads() -> None:
    verbs = ("Describe", "List", "Get", "Search", "GET")
    assert [each for each in allowed() if not each.partition(":")[2].startswith(verbs)] == []


def test_the_inventory_is_saved_for_its_owner_only(tmp_path: Path) -> None:
    region = Region()
    region.add(ENI, Attachment={"InstanceId": "i-1"}, PrivateIpAddress="10.1.0.1")
    found = saved(region.source.discover(), [], tmp_path / "state", NOW)
    assert found.path == tmp_path / "state" / f"{TARGET.replace('/', '-')}.zip"
    assert found.path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in found.path.parent.iterdir()] == [found.path.name]
    assert unpack(found.path.read_bytes()).assignments.equals(found.inventory.assignments)


def test_interfaces_that_are_gone_stay_from_the_snapshot_before(tmp_path: Path) -> None:
    region = Region()
    region.add(ENI, PrivateIpAddress="10.1.0.1")
    saved(region.source.discover(), [], tmp_path, NOW)
    region.interfaces.clear()
    found = saved(region.source.discover(), [], tmp_path, NOW)
    assert ENI in found.inventory.assignments["interface_id"].cast(str).to_list()


def test_a_damaged_snapshot_is_replaced(tmp_path: Path) -> None:
    (tmp_path / f"{TARGET.replace('/', '-')}.zip").write_bytes(b"damaged")
    found = saved(Region().source.discover(), [], tmp_path, NOW)
    assert TARGET in found.inventory.target_states


def test_refused_calls_are_sentences_with_what_they_leave_out(tmp_path: Path) -> None:
    region = Region()
    region.add(ENI, "ELB app/web/50dc6c495c0c9188", InterfaceType="interface", RequesterId="amazon-elb")
    discovery = region.source.discover()
    missing = saved(discovery, region.source.failed_calls, tmp_path, NOW).missing
    assert "rules: AccessDenied; no rule is named that refused packets" in missing
    assert "elbv2 describe_load_balancers: AccessDenied; ids stand for the names that it returns" in missing


def test_a_refused_call_without_which_there_is_nothing_names_its_permission(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    region = Region()
    region.aws.answers.pop(("ec2", "describe_network_interfaces"))
    given_session(monkeypatch, region)
    with pytest.raises(LiveError, match=r"without ec2:DescribeNetworkInterfaces; docs/replay\.md has the policy"):
        live_inventory(None, None, tmp_path)


def test_the_profile_and_the_region_are_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = given_session(monkeypatch, Region())
    found = live_inventory("mine", "eu-west-1", tmp_path, NOW)
    assert (asked, found.target) == ([{"profile_name": "mine", "region_name": "eu-west-1"}], f"{ACCOUNT}/eu-west-1")


def test_a_missing_region_or_profile_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(LiveError, match="no AWS Region is set; give one with --region"):
        live_inventory(None, None, tmp_path)
    with pytest.raises(LiveError, match=r"nobody.*aws configure list-profiles"):
        live_inventory("nobody", None, tmp_path)


def given_session(monkeypatch: pytest.MonkeyPatch, region: Region) -> list[dict[str, Any]]:
    """boto3's session answers as the region does; what it was asked for."""
    asked: list[dict[str, Any]] = []

    class Session:
        def __init__(self, **options: Any) -> None:
            asked.append(options)
            self.region_name = options["region_name"] or "eu-central-1"

        def client(self, service: str, **_: Any) -> Any:
            return region.aws(service)

    region.aws.respond("sts", "get_caller_identity", WHO)
    monkeypatch.setattr(boto3, "Session", Session)
    return asked
