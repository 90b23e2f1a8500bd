"""Environment variables of the user: no account, no profile, no endpoint, and no proxy for this machine."""

import os
import subprocess
import sys

import pytest

from local.aws.embedded import REPOSITORY
from local.aws.settings import isolated, without_account

OF_A_REAL_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_ENDPOINT_URL_S3": "https://s3.example",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "production",
    "CDK_DEFAULT_ACCOUNT": "210987654321",
}


def test_nothing_of_an_account_is_left_and_everything_else_is() -> None:
    left = without_account({**OF_A_REAL_ACCOUNT, "PATH": "/bin", "HTTPS_PROXY": "http://proxy.example:3128"})
    assert not OF_A_REAL_ACCOUNT.keys() & left.keys()
    assert (left["PATH"], left["HTTPS_PROXY"]) == ("/bin", "http://proxy.example:3128")
    assert left["AWS_CONFIG_FILE"] == left["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert left["AWS_EC2_METADATA_DISABLED"] == "true"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example"}, "a.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "b.example"}, "b.example,localhost,127.0.0.1,::1"),
    ],
)
def test_addresses_of_this_machine_bypass_a_proxy(given: dict[str, str], expected: str) -> None:
    left = without_account(given)
    assert (left["NO_PROXY"], left["no_proxy"]) == (expected, expected)


def test_a_process_is_isolated_within_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with isolated():
        assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_PROFILE"] == "production"


def test_the_demo_is_imported_without_moto_which_fails_where_a_profile_is_unknown() -> None:
    variables = {**os.environ, "AWS_PROFILE": "unknown"}
    command = [sys.executable, "-c", "import local.demo, sys; sys.exit('moto' in sys.modules)"]
    assert subprocess.run(command, cwd=REPOSITORY, env=variables, check=False, timeout=60).returncode == 0  # noqa: S603 our own module
