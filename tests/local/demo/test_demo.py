"""The demonstration as a whole, by the real command: AWS, the real CLI's deploy, six hours of traffic, the verdict."""

import subprocess
import sys

import pytest

from local.aws.embedded import REPOSITORY
from local.traffic.company.network import HostKind

MOST_SECONDS = 420


@pytest.mark.deploy
def test_every_alert_comes_and_no_other_and_it_ends_by_itself_without_a_terminal() -> None:
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
    assert done.stdout.endswith("every alert of 10 scenarios came, and no other\n")
    assert "[high]" in done.stdout
    assert "What to check" in done.stdout
    assert "[digest]" in done.stdout
    assert "blocked paths   4 of 4 explained by the rule that refuses them" in done.stdout
    assert f"  {len(HostKind)} kinds " in done.stdout
