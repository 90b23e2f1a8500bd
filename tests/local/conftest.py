"""Runs the command line in this process and captures its output; a bucket in memory."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from local.cli import main

BUCKET = "flow-logs-of-mine"


@dataclass(frozen=True)
class Done:
    """The output and exit code of a command."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings that `flowsentry replay --json` prints, before a report that was asked for."""
        return [each for each in self.records if "report" not in each]

    @property
    def report(self) -> dict[str, Any]:
        """The last line of `flowsentry replay --json --report -`."""
        report: dict[str, Any] = self.records[-1]["report"]
        return report

    @property
    def complaints(self) -> list[str]:
        """Standard error, line by line."""
        return self.err.splitlines()


Flowsentry = Callable[..., Done]


@pytest.fixture(autouse=True)
def no_colours_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests changes nothing that is printed."""
    for name in ("COLUMNS", "FLOWSENTRY_DEBUG", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def flowsentry(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Flowsentry:
    """Runs the command line in this process, with these bytes on standard input."""

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 with one empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3


def store_at_once(keys: Iterable[str], content: bytes) -> None:
    """Puts objects where moto keeps them: a request for each takes a millisecond or two."""
    for key in keys:
        s3_backends[ACCOUNT_ID]["aws"].put_object(BUCKET, key, content)
