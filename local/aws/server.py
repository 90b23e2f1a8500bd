"""The server of the embedded AWS on 127.0.0.1: patched moto, Lambda, and the triggers between services.

Run as a module, it prints `{"port": …}` when it is ready. It ends when its standard input is closed, so it never
outlives the process that started it, or after `Settings.max_seconds`; then it deletes its folder of temporary files.
"""

import contextlib
import datetime as dt
import functools
import gc
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.aws import clients, moto_patches
from local.aws.compute import (
    event_sources,  # noqa: F401 patches moto
    function_limits,
    function_permissions,  # noqa: F401 patches moto
    lambda_functions,
    permissions,
    resource_policies,
)
from local.aws.control import Front
from local.aws.deployment import cloudformation, custom_resources, stack_operations  # noqa: F401 stack_operations patches moto
from local.aws.messaging import event_bridge, sns
from local.aws.messaging import limits as messaging_limits  # noqa: F401 patches moto
from local.aws.messaging.kinesis import ShardPoller
from local.aws.messaging.polling import FailureLog
from local.aws.messaging.sqs import QueuePoller
from local.aws.monitoring import (  # noqa: F401 they patch moto
    alarm_limits,
    alarm_runs,
    anomaly_detectors,
    metric_data,
    subscriptions,
)
from local.aws.resources import (  # noqa: F401 they patch moto
    analytics,
    analytics_limits,
    budgets,
    ec2,
    flow_logs,
    kms,
    limits,
    notifications,
    redshift,
    s3,
    ssm,
)
from local.aws.resources.dynamodb import StreamPoller
from local.aws.settings import Settings, environment


class QuietRequestHandler(MotoRequestHandler):
    """Keeps connections open for further requests, and does not log requests to standard error."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    """Bytes of a response that are sent together. Without a buffer, its headers and its body are sent one by one."""

    def handle_expect_100(self) -> bool:
        """Tells the client at once to send the body. werkzeug would tell it again, and without a flush."""
        super().handle_expect_100()
        self.wfile.flush()
        del self.headers["Expect"]
        return True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


@moto_patches.replaces(DomainDispatcherApplication, "get_backend_for_host")
@functools.lru_cache(maxsize=256)
def backend_for_host(original: Callable[..., Any], application: DomainDispatcherApplication, host: str | None) -> Any:
    """What moto found before: it lists its folders for each request."""
    return original(application, host)


class Server:
    """The running embedded AWS; `stop` restores moto's functions and resets its state."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failures = FailureLog()
        moto_patches.apply_all()
        cloudformation.register()
        subscriptions.set_control_messages(enabled=settings.send_control_messages)
        sns.emails.clear()
        anomaly_detectors.forget()
        resource_policies.refused.clear()
        function_limits.account_concurrency[:] = [settings.account_concurrency]
        actions = {
            "state": self._state,
            "fire-schedules": self._fire_schedules,
            "evaluate-alarms": self._evaluate_alarms,
            "emails": lambda _: [*sns.emails],
            custom_resources.ACTION: custom_resources.receive_answer,
        }
        front = Front(DomainDispatcherApplication(create_backend_app), actions, self.failures, self._denials)
        self._http = make_server("127.0.0.1", 0, front, threaded=True, request_handler=QuietRequestHandler)
        self.port = int(self._http.server_port)
        clients.point_to(self.endpoint_url)
        self._functions = lambda_functions.start(settings, environment(self.endpoint_url, settings.region))
        self._queues = QueuePoller(self._functions, settings, self.failures)
        self._streams = StreamPoller(self._functions, settings, self.failures)
        self._shards = ShardPoller(self._functions, settings, self.failures)
        self._schedules = event_bridge.Schedules(settings, self.failures)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    @property
    def endpoint_url(self) -> str:
        # moto misreads the URLs of templates with 127.0.0.1.
        return f"http://localhost:{self.port}"

    def stop(self) -> None:
        self._functions.stop()  # first, so that nothing waits for a slow function
        for part in (self._schedules, self._queues, self._streams, self._shards):
            part.stop()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        moto_patches.restore_all()
        cloudformation.register()
        moto_api_backend.reset()

    def _denials(self, environ: dict[str, Any]) -> list[str]:
        function = self._functions.by_access_key(permissions.access_key(environ))
        return permissions.denied(function, environ) if function is not None else []

    def _state(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        failed = [self.failures, self._functions.asynchronous.failures, resource_policies.refused]
        parts = (self._shards, self._streams, self._functions, self._queues)
        return {
            "is_quiet": all(part.is_quiet for part in parts),
            "failures": [text for each in failed for text in each.entries],
            "failure_count": sum(each.count for each in failed),
        }

    def _evaluate_alarms(self, body: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        now = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None) + dt.timedelta(seconds=body.get("later_seconds", 0))
        return alarm_runs.evaluate_alarms(self.settings.region, now)

    def _fire_schedules(self, body: Mapping[str, Any]) -> list[str]:
        return event_bridge.fire_schedules(self.settings.region, body.get("containing", ""))


OBJECTS_BETWEEN_SEARCHES = 100_000
"""Objects that are made between two searches for unreachable ones. Higher: more memory. Lower: moto, which makes many,
spends a fifth of its time on searches."""


def main() -> None:
    """Runs a server until standard input is closed; the first argument is the settings in JSON. Its temporary files are
    in TMPDIR, a folder of its own.
    """
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, 50, 50)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        _serve(Settings(**json.loads(sys.argv[1])), ended)
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def _serve(settings: Settings, ended: threading.Event) -> None:
    server = Server(settings)
    threading.Thread(target=_set_when_input_ends, args=(ended,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the parent has ended in the meantime
        sys.stdout.write(json.dumps({"port": server.port}) + "\n")
        sys.stdout.flush()
    ended.wait(settings.max_seconds)
    server.stop()


def _set_when_input_ends(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


if __name__ == "__main__":
    main()
