"""Runs `flowsentry demo` whole: the CDK CLI's deployment, six hours of traffic, and the summary."""

import subprocess
import sys

import pytest

from local.aws.embedded import REPOSITORY
from local.traffic.company.network import HostKind

MOST_SECONDS = 420


@pytest.mark.deploy
def test_without_a_terminal_the_demo_delivers_exactly_the_expected_alerts_and_exits() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.cli", "demo"],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert done.stderr == ""
    assert done.stdout.endswith("OK: all alerts of 10 scenarios arrived, and no others\n")
    assert "[high]" in done.stdout
    assert "What to check" in done.stdout
    assert "[digest]" in done.stdout
    assert "blocked paths   4 of 4 explained by the rule that denies them" in done.stdout
    assert f"  {len(HostKind)} kinds " in done.stdout
