"""flowsentry doctor: what is printed, and the exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsentry.aws import clients
from stacks.settings.reading import section_in
from tests.local.conftest import Flowsentry
from tests.moto_world import REGION, aws_in_memory, forget_clients


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account with one VPC, bootstrapped."""
    forget_clients()
    with aws_in_memory(monkeypatch):
        clients.ssm().put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
        yield clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    forget_clients()


def settings(folder: Path, **values: Any) -> Path:
    path = folder / "cdk.json"
    path.write_text(json.dumps({"context": {"flowsentry": {"alert_emails": ["a@example.com"], **values}}}))
    return path


def source(vpc_id: str) -> list[dict[str, Any]]:
    return [{"vpc_ids": [vpc_id], "destination": "s3"}]


def test_an_account_that_fits_is_fine(flowsentry: Flowsentry, account: str, tmp_path: Path) -> None:
    done = flowsentry("doctor", "--settings", settings(tmp_path, sources=source(account)))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("ok       credentials: ")
    assert f"ok       {account}: exists" in lines
    assert lines[-1].endswith("0 stop")


def test_a_vpc_that_does_not_exist_stops_with_the_mend_in_the_next_line(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("doctor", "--settings", settings(tmp_path, sources=source("vpc-0123456789abcdef0")))
    assert done.code == 1
    lines = done.out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("stop")]
    assert "vpc-0123456789abcdef0: does not exist" in lines[place]
    assert lines[place + 1].strip() == "→ Correct sources."


def test_json_has_the_same_verdicts(flowsentry: Flowsentry, account: str, tmp_path: Path) -> None:
    done = flowsentry("doctor", "--json", "--settings", settings(tmp_path, sources=source(account)))
    said = json.loads(done.out)
    assert said["exit_code"] == done.code == 0
    assert {each["level"] for each in said["verdicts"]} <= {"ok", "warning", "stop"}
    assert all(set(each) == {"level", "about", "finding", "mend"} for each in said["verdicts"])


def test_a_setting_on_the_command_line_wins(flowsentry: Flowsentry, account: str, tmp_path: Path) -> None:
    path = settings(tmp_path, sources=source(account))
    done = flowsentry("doctor", "--settings", path, "-c", "flowsentry.alert_emails=[]")
    assert (done.code, "nobody gets alerts" in done.out) == (0, True)


def test_flow_logs_of_others_are_named(flowsentry: Flowsentry, account: str, tmp_path: Path) -> None:
    for name in ("others", "more-others"):
        clients.s3().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        clients.ec2().create_flow_logs(
            ResourceIds=[account],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination=f"arn:aws:s3:::{name}",
        )
    done = flowsentry("doctor", "--settings", settings(tmp_path, sources=source(account)))
    assert "has flow logs of others, 2 of 250: " in done.out
    assert "to others" in done.out


@pytest.mark.parametrize("text", ["{", '{"context": {"flowsentry": {}}}', "{}"])
def test_settings_that_are_invalid_are_one_message(flowsentry: Flowsentry, tmp_path: Path, text: str) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(text)
    done = flowsentry("doctor", "--settings", path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("flowsentry: ")
    assert "Traceback" not in done.err


def test_the_policy_is_printed_without_asking_anything(
    flowsentry: Flowsentry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boto3.Session", None)
    done = flowsentry("doctor", "--policy", "--settings", tmp_path / "none")
    assert json.loads(done.out)["Version"] == "2012-10-17"


def test_without_a_region_it_says_so(
    flowsentry: Flowsentry, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    done = flowsentry("doctor", "--settings", settings(tmp_path, sources=source(account)))
    assert (done.code, "no Region" in done.err) == (1, True)


@pytest.mark.parametrize(
    "given",
    [
        ({"AWS_REGION": "eu-west-1"}, [], "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, [], "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, [], "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, [], "us-east-1"),
        ({"AWS_REGION": "eu-west-1"}, ["--region", "us-east-1"], "us-east-1"),
        ({}, [], "ap-south-1"),
    ],
)
def test_the_region_is_the_one_that_the_cdk_deploys_into(
    flowsentry: Flowsentry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[dict[str, str], list[str], str],
) -> None:
    variables, options, region = given
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = ap-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    path = settings(tmp_path, sources=[{"all_vpcs": True, "destination": "s3"}])
    done = flowsentry("doctor", "--settings", path, *options)
    assert done.out.splitlines()[0].endswith(f"Region {region}")


CUSTOM = {"@aws-cdk/core:bootstrapQualifier": "acme"}


@pytest.mark.parametrize(("context", "options"), [(CUSTOM, []), ({}, ["-c", "@aws-cdk/core:bootstrapQualifier=acme"])])
def test_the_bootstrap_stack_is_the_one_that_the_context_names(
    flowsentry: Flowsentry, account: str, tmp_path: Path, context: dict[str, str], options: list[str]
) -> None:
    clients.ssm().put_parameter(Name="/cdk-bootstrap/acme/version", Value="21", Type="String")
    path = settings(tmp_path, sources=source(account))
    path.write_text(json.dumps({"context": {**json.loads(path.read_text())["context"], **context}}))
    done = flowsentry("doctor", "--settings", path, *options)
    assert "ok       CDK bootstrap: version 21" in done.out


def test_a_file_that_begins_with_a_byte_order_mark_is_read(
    flowsentry: Flowsentry, account: str, tmp_path: Path
) -> None:
    path = settings(tmp_path, sources=source(account))
    path.write_text(path.read_text(), "utf-8-sig")
    assert flowsentry("doctor", "--settings", path).code == 0
    assert section_in(path, "flowsentry")["alert_emails"] == ["a@example.com"]
