"""What the CDK CLI gets from the user's environment, and where it puts its files."""

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from local.aws.deployment import deploy
from local.aws.deployment.deploy import DeployError, bootstrap, free_output
from local.aws.embedded import EmbeddedAws

HOLDS = """
import fcntl, sys
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


class FakeAws:
    account, region = "123456789012", "us-east-1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_ACCESS_KEY_ID": "embedded"}

    def failures(self) -> list[str]:
        return ["500 PutObject"]


@pytest.fixture
def aws(tmp_path: Path) -> EmbeddedAws:
    return cast("EmbeddedAws", FakeAws(tmp_path))


def run_instead_of_the_cli(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    cli = folder / "cdk"
    cli.write_text(f"#!/bin/sh\n{script}\n")
    cli.chmod(0o700)
    monkeypatch.setattr(deploy, "CLI", cli)


def test_the_cli_gets_the_embedded_account_only_and_temporary_folders_that_are_deleted(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example")
    run_instead_of_the_cli(monkeypatch, aws.folder, "env")
    variables = dict(line.split("=", 1) for line in bootstrap(aws).splitlines() if "=" in line)
    assert {name for name in variables if name.startswith("AWS_")} == {
        *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"),
        *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"),
    }
    assert variables["AWS_ENDPOINT_URL"] == "http://localhost:1"
    assert variables["TMPDIR"] == str(aws.folder)
    assert Path(variables["CDK_HOME"]).is_relative_to(aws.folder)
    with (Path(variables["PATH"].split(":")[0]) / "node").open("rb") as node:
        assert node.read(2) != b"#!"


def test_a_failed_cli_is_an_error_with_its_output_and_the_failures_of_aws(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_instead_of_the_cli(monkeypatch, aws.folder, "echo no; exit 4")
    with pytest.raises(DeployError, match="exit status 4:\nno\n500 PutObject"):
        bootstrap(aws)


def test_two_deployments_at_once_have_separate_folders(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "build" / "embedded.cdk.out"
    monkeypatch.setattr(deploy, "OUTPUT", kept)
    with free_output(aws) as first:
        assert first == kept
    command = [sys.executable, "-c", HOLDS, str(kept.with_suffix(".lock"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # noqa: S603 the script above
        assert other.stdout
        other.stdout.readline()
        with free_output(aws) as second:
            assert second.is_relative_to(aws.folder)
            assert second != kept
