"""Execution environments: a handler run by AWS's runtime interface client, kept warm between events.

Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws.compute import packages

API_VERSION = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Package:
    """The deployed code and configuration of a function."""

    name: str
    arn: str
    handler: str
    task_root: Path
    layers: Sequence[Path]
    environment: Mapping[str, str]
    timeout_seconds: float
    memory_mb: int
    log_group: str
    log_format: str = "Text"


@dataclass(frozen=True)
class Answer:
    """The result of an invocation: payload, whether it is an error, and the lines that the function logged."""

    request_id: str
    payload: bytes
    is_error: bool
    lines: Sequence[str]
    seconds: float
    log_stream: str


class RuntimeApi(http.server.ThreadingHTTPServer):
    """The Runtime API server of one environment: gives out one event at a time and receives its response."""

    daemon_threads = True

    def __init__(self, function_arn: str) -> None:
        super().__init__(("127.0.0.1", 0), RuntimeApiHandler)
        self.function_arn = function_arn
        self.events: queue.Queue[tuple[str, bytes, int] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.idle = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores errors: a killed function leaves a broken connection."""


class RuntimeApiHandler(http.server.BaseHTTPRequestHandler):
    """Handles the five Runtime API paths that a runtime uses."""

    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True  # with it each invocation waits 40 ms

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 named by the base class
        """Logs nothing."""

    def do_GET(self) -> None:
        """Responds with the next event when there is one."""
        self.server.idle.set()
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        request_id, payload, deadline = event
        self._send(
            200,
            payload,
            {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.function_arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        """Receives a response, an invocation error or an init error."""
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.removeprefix(API_VERSION).split("/")
        self.server.answers.put(("init" if kind[0] == "init" else kind[-1], payload))
        self._send(202, b"{}", {})

    def _send(self, status: int, payload: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        # The client crashes on a response without a content type.
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(payload)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)


class InitError(Exception):
    """The handler's module failed to load; `payload` is the runtime's error."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload = payload


class ExecutionEnvironment:
    """One execution environment: a process that runs a function."""

    def __init__(self, package: Package, init_seconds: float) -> None:
        self.package = package
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        self._init_seconds = init_seconds
        self._folder = Path(tempfile.mkdtemp(prefix="function-"))
        self._output = self._folder / "output"
        self._output.touch()
        self._api = RuntimeApi(package.arn)
        threading.Thread(target=self._api.serve_forever, args=(0.1,), daemon=True).start()
        self._process = self._start()
        self._is_initialised = False

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def invoke(self, event: bytes) -> Answer:
        """The function's response, or Lambda's error if it fails to start, exits or times out."""
        request_id = str(uuid.uuid4())
        started = time.monotonic()
        try:
            self._initialise(request_id)
            kind, payload = self._exchange(request_id, event)
        except InitError as error:
            kind, payload = "error", error.payload
        seconds = time.monotonic() - started
        return Answer(request_id, payload, kind != "response", self._lines(), seconds, self.log_stream)

    def stop(self) -> None:
        """Kills the process and deletes its files."""
        self.kill()
        self._api.events.put(None)
        self._api.shutdown()
        self._api.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialise(self, request_id: str) -> None:
        if self._is_initialised:
            return
        deadline = time.monotonic() + self._init_seconds
        while not self._api.idle.wait(0.01):
            if not self._api.answers.empty():
                payload = self._api.answers.get()[1]
                self.kill()
                raise InitError(payload)
            if not self.is_alive:
                raise InitError(_exit_error(request_id, self._process.returncode))
            if time.monotonic() > deadline:
                self.kill()
                raise InitError(_timeout_error(request_id, self._init_seconds))
        self._is_initialised = True

    def _exchange(self, request_id: str, event: bytes) -> tuple[str, bytes]:
        timeout = self.package.timeout_seconds
        deadline = time.monotonic() + timeout
        self._api.idle.clear()
        self._api.events.put((request_id, event, int((time.time() + timeout) * 1000)))
        while True:
            try:
                answer = self._api.answers.get(timeout=0.1)
            except queue.Empty:
                if not self.is_alive and self._api.answers.empty():
                    return "error", _exit_error(request_id, self._process.returncode)
                if time.monotonic() > deadline:
                    self.kill()
                    return "error", _timeout_error(request_id, timeout)
            else:
                self._wait_until_idle()
                return answer

    def _wait_until_idle(self) -> None:
        """Waits until the runtime requests the next event: all output is written then."""
        deadline = time.monotonic() + 2
        while not self._api.idle.wait(0.05) and self.is_alive and time.monotonic() < deadline:
            pass

    def _lines(self) -> list[str]:
        with self._output.open("r+b") as file:
            text = file.read().decode(errors="replace")
            file.truncate(0)
        # The runtime separates the lines of a multiline log entry with carriage returns.
        return [line.replace("\r", "\n") for line in text.split("\n") if line.strip()]

    def _start(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 runs the deployed function
                [sys.executable, "-S", "-m", "awslambdaric", self.package.handler],
                env=self._variables(),
                cwd=self.package.task_root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _variables(self) -> dict[str, str]:
        """The environment variables that Lambda sets: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
        package = self.package
        layers = [str(folder / "python") for folder in reversed(package.layers)]
        path = [str(package.task_root), *layers, str(packages.runtime_client_folder())]
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            **package.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": package.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(package.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": package.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_LOG_FORMAT": package.log_format,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "LAMBDA_TASK_ROOT": str(package.task_root),
            "_HANDLER": package.handler,
            "PYTHONPATH": os.pathsep.join(path),
        }

    def kill(self) -> None:
        """Kills the process; an invocation in progress ends with an error."""
        if self.is_alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _exit_error(request_id: str, status: int) -> bytes:
    ended = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {ended}")


def _timeout_error(request_id: str, seconds: float) -> bytes:
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
