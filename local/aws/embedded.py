"""Starts and stops the embedded AWS, and gives boto3 clients for it.

with EmbeddedAws.start() as aws:
    aws.client("sqs").list_queues()
"""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import boto3

from local.aws.settings import ACCOUNT, CONTROL_PATH, Settings, environment, without_account

REPOSITORY = Path(__file__).parents[2]


class EmbeddedAws:
    """One AWS account in one Region, served at `endpoint_url`. `folder` is for temporary files: it is deleted when the
    embedded AWS ends.
    """

    account = ACCOUNT

    def __init__(
        self, endpoint_url: str, settings: Settings, running: contextlib.AbstractContextManager[Any], folder: Path
    ) -> None:
        self.endpoint_url = endpoint_url
        self.folder = folder
        self.settings = settings
        self.region = settings.region
        self._running = running

    @classmethod
    def start(cls, settings: Settings | None = None) -> Self:
        """An embedded AWS in a child process, which ends with this process at the latest."""
        settings = settings or Settings()
        with contextlib.ExitStack() as running:
            folder = _temporary_folder(running)
            port = running.enter_context(_child(settings, folder))
            return cls(f"http://localhost:{port}", settings, running.pop_all(), folder)

    @classmethod
    def in_process(cls, settings: Settings | None = None) -> Self:
        """An embedded AWS in threads of this process, which starts quickly. One at a time: moto's state is global."""
        from local.aws.server import Server  # noqa: PLC0415 the parent of a child process need not import moto

        settings = settings or Settings(send_control_messages=False)
        with contextlib.ExitStack() as running:
            folder = _temporary_folder(running)
            server = Server(settings)
            running.callback(server.stop)
            return cls(server.endpoint_url, settings, running.pop_all(), folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def environment(self) -> dict[str, str]:
        """Environment variables that make another process use this AWS."""
        return environment(self.endpoint_url, self.region)

    @functools.cache  # noqa: B019 the cache lives as long as the embedded AWS
    def client(self, service: str) -> Any:
        return self.session().client(service, endpoint_url=self.endpoint_url)  # type: ignore[call-overload]

    def session(self) -> boto3.session.Session:
        """A boto3 session with credentials of the embedded AWS; clients still need its endpoint URL."""
        variables = self.environment()
        return boto3.session.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables["AWS_SESSION_TOKEN"],
            region_name=self.region,
        )

    def fire_schedules(self, containing: str = "") -> list[str]:
        """Fires the enabled schedules with `containing` in their names; returns the names of their rules."""
        return list(self._control("fire-schedules", {"containing": containing}))

    def evaluate_alarms(self, later_seconds: float = 0) -> dict[str, tuple[str, str]]:
        """Evaluates the alarms as of so many seconds from now; returns the states that changed, before and after, by
        name. CloudWatch does so every minute.
        """
        changes = self._control("evaluate-alarms", {"later_seconds": later_seconds})
        return {name: (before, after) for name, before, after in changes}

    def emails(self) -> list[dict[str, str]]:
        """The emails that topics delivered, oldest first: `address`, `subject`, `text`, `message_id`."""
        return list(self._control("emails"))

    def failures(self) -> list[str]:
        """Every response of 500 and above, and every error inside the embedded AWS. It should be empty."""
        return list(self._control("state")["failures"])

    def is_quiet(self) -> bool:
        """True if no function runs and no message, stream record or asynchronous event waits for one. Dead-letter
        queues without a function are not counted.
        """
        return bool(self._control("state")["is_quiet"])

    def wait_until_quiet(self, seconds: float = 30.0, settle_seconds: float = 0.3) -> None:
        """Returns when the embedded AWS has been quiet for `settle_seconds`; raises TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        quiet_since: float | None = None
        while quiet_since is None or time.monotonic() < quiet_since + settle_seconds:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the embedded AWS is still busy after {seconds} seconds: {self.failures()}")
            quiet_since = (quiet_since or time.monotonic()) if self.is_quiet() else None
            time.sleep(0.05)

    def _control(self, action: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.endpoint_url}{CONTROL_PATH}{action}"
        request = urllib.request.Request(url, data=json.dumps(body or {}).encode())  # noqa: S310 our own server
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 our own server
            return json.load(response)


def _temporary_folder(running: contextlib.ExitStack) -> Path:
    folder = tempfile.mkdtemp(prefix="flowsentry-")
    running.callback(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextlib.contextmanager
def _child(settings: Settings, folder: Path) -> Iterator[int]:
    """The port of a server in a child process, which ends when its standard input is closed, and deletes `folder`."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 our own module
            [sys.executable, "-m", "local.aws.server", json.dumps(asdict(settings))],
            cwd=REPOSITORY,
            env={**without_account(os.environ), "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # an interrupt at the terminal reaches the parent only
        )
        try:
            yield _port(process, errors)
        finally:
            _end(process)


def _port(process: subprocess.Popen[bytes], errors: IO[bytes]) -> int:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        process.wait()
        errors.seek(0)
        raise RuntimeError(f"the embedded AWS did not start:\n{errors.read().decode()}")
    return int(json.loads(line)["port"])


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
