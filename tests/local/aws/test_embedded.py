"""The embedded AWS in a process of its own: it comes, it tells of its failures, and it goes."""

import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws import gaps, server
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.aws.settings import Settings

STARTS_AND_DIES = """
import os
from local.aws.embedded import EmbeddedAws
aws = EmbeddedAws.start()
print(aws.endpoint_url, flush=True)
os._exit(1)
"""


def answers(endpoint_url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", urlsplit(endpoint_url).port or 0), timeout=5).close()
    except OSError:
        return False
    return True


def falls_silent(endpoint_url: str) -> bool:
    deadline = time.monotonic() + 20
    while answers(endpoint_url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not answers(endpoint_url)


def test_it_is_there_while_it_is_used_and_gone_afterwards() -> None:
    with EmbeddedAws.start() as aws:
        aws.client("sqs").create_queue(QueueName="queue")
        assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
    assert not answers(aws.endpoint_url)


def test_it_does_not_outlive_who_started_it() -> None:
    done = subprocess.run(  # noqa: S603 it is written above
        [sys.executable, "-c", STARTS_AND_DIES],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert falls_silent(done.stdout.strip())


def test_it_ends_by_itself_after_its_time() -> None:
    with EmbeddedAws.start(Settings(max_seconds=0.1)) as aws:
        assert falls_silent(aws.endpoint_url)


def test_an_answer_of_500_is_kept(aws: EmbeddedAws) -> None:
    before = len(aws.failures())
    once = Config(retries={"total_max_attempts": 1})
    logs = aws.session().client("logs", endpoint_url=aws.endpoint_url, config=once)
    with pytest.raises(ClientError):
        logs.get_log_group_fields(logGroupName="moto does not know this action")
    [failure] = aws.failures()[before:]
    assert "NotImplementedError" in failure


assert server.Server, "whoever imports the server imports every gap"


@pytest.mark.parametrize("gap", gaps.all_gaps(), ids=lambda gap: gap.fill.__name__)
def test_every_gap_says_what_moto_lacks(gap: gaps.Gap) -> None:
    assert "moto" in (gap.fill.__doc__ or "").lower()
