"""The embedded AWS in a child process: start, failures and end."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws import moto_patches, server
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.aws.settings import Settings

STARTS_AND_DIES = """
import os
from local.aws.embedded import EmbeddedAws
aws = EmbeddedAws.start()
print(aws.endpoint_url, aws.folder, flush=True)
os._exit(1)
"""


def is_reachable(endpoint_url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", urlsplit(endpoint_url).port or 0), timeout=5).close()
    except OSError:
        return False
    return True


def becomes_unreachable(endpoint_url: str) -> bool:
    deadline = time.monotonic() + 20
    while is_reachable(endpoint_url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_reachable(endpoint_url)


def disappears(folder: Path) -> bool:
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not folder.exists()


def test_it_is_reachable_until_its_context_ends() -> None:
    with EmbeddedAws.start() as aws:
        aws.client("sqs").create_queue(QueueName="queue")
        assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
    assert not is_reachable(aws.endpoint_url)
    assert not aws.folder.exists()


def test_it_ends_with_its_temporary_files_when_its_parent_process_dies() -> None:
    done = subprocess.run(  # noqa: S603 the script above
        [sys.executable, "-c", STARTS_AND_DIES],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    endpoint_url, folder = done.stdout.split()
    assert becomes_unreachable(endpoint_url)
    assert disappears(Path(folder))


def test_it_ends_after_its_maximum_time() -> None:
    with EmbeddedAws.start(Settings(max_seconds=0.1)) as aws:
        assert becomes_unreachable(aws.endpoint_url)


def test_a_response_of_500_is_recorded(aws: EmbeddedAws) -> None:
    before = len(aws.failures())
    once = Config(retries={"total_max_attempts": 1})
    logs = aws.session().client("logs", endpoint_url=aws.endpoint_url, config=once)
    with pytest.raises(ClientError):
        logs.get_log_group_fields(logGroupName="moto does not know this action")
    [failure] = aws.failures()[before:]
    assert "NotImplementedError" in failure


PATCHING_MODULES = {
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    for path in (REPOSITORY / "local" / "aws").rglob("*.py")
    if re.search("^@(replaces|adds)", path.read_text(), re.MULTILINE)
}


def test_the_server_imports_every_module_that_patches_moto() -> None:
    """In another process, because a test may have imported a module that the server does not."""
    script = "import sys, local.aws.server; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, check=True)  # noqa: S603
    assert PATCHING_MODULES - set(output.stdout.decode().split()) == set()


assert server.Server, "importing the server imports every patch"


@pytest.mark.parametrize("patch", moto_patches.all_patches(), ids=lambda patch: patch.function.__name__)
def test_every_patch_states_the_gap_in_moto(patch: moto_patches.Patch) -> None:
    assert "moto" in (patch.function.__doc__ or "").lower()
