"""WSGI application in front of moto: records responses of 500 and above, denies requests of functions that their roles
do not allow, and serves the control requests of `EmbeddedAws`.
"""

import json
import threading
import traceback
import xml.sax.saxutils
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local.aws.messaging.polling import FailureLog
from local.aws.settings import CONTROL_PATH

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Action = Callable[[Mapping[str, Any]], Any]
FindDenials = Callable[[Environ], Sequence[str]]


class Front:
    """A WSGI application that wraps moto's."""

    def __init__(
        self, application: Application, actions: Mapping[str, Action], failures: FailureLog, denials: FindDenials
    ) -> None:
        self._application = application
        self._denials = denials
        self._actions = actions
        self._failures = failures
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(CONTROL_PATH):
            return self._control(environ, start_response)
        return self._aws(environ, start_response)

    def _control(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        action = self._actions[environ["PATH_INFO"].removeprefix(CONTROL_PATH)]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        content = json.dumps(action(json.loads(body or b"{}"))).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _aws(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if denied := self._denials(environ):
            self._record_failure(environ, "\n".join(denied))
            return _access_denied(environ, start_response, "; ".join(denied))
        statuses: list[str] = []

        def start(status: str, headers: Any, *rest: Any) -> Any:
            statuses[:] = [status]
            return start_response(status, headers, *rest)

        try:
            body = list(self._application(environ, start))
        except Exception:  # noqa: BLE001 any exception in moto is a response of 500
            self._record_failure(environ, traceback.format_exc(limit=-8))
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [traceback.format_exc(limit=-3).encode()]
        if statuses and int(statuses[0].split()[0]) >= 500:  # noqa: PLR2004 by HTTP's definition
            self._record_failure(environ, f"{statuses[0]} {b''.join(body).decode(errors='replace')[:2000]}")
        return body

    def _record_failure(self, environ: Environ, text: str) -> None:
        operation = environ.get("HTTP_X_AMZ_TARGET") or environ.get("HTTP_AUTHORIZATION", "")[:120]
        with self._lock:
            self._failures.add(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {operation}\n{text}")


def _access_denied(environ: Environ, start_response: StartResponse, message: str) -> Iterable[bytes]:
    """A 403 response in the format of the request: JSON, the XML of S3 or the XML of query APIs."""
    if "HTTP_X_AMZ_TARGET" in environ:
        kind, body = "application/x-amz-json-1.0", json.dumps({"__type": "AccessDeniedException", "message": message})
    else:
        error = f"<Error><Code>AccessDenied</Code><Message>{xml.sax.saxutils.escape(message)}</Message></Error>"
        is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
        kind, body = "application/xml", error if is_s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    start_response("403 Forbidden", [("Content-Type", kind)])
    return [body.encode()]
