"""In front of moto: keeps every answer of 500 and above, refuses functions what their roles do not allow, and answers
the few requests that are not AWS's.
"""

import json
import threading
import traceback
import xml.sax.saxutils
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local.aws.messaging.polling import Failures
from local.aws.settings import CONTROL_PATH

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Action = Callable[[Mapping[str, Any]], Any]
Refuse = Callable[[Environ], Sequence[str]]


class Front:
    """A WSGI application around moto's."""

    def __init__(
        self, application: Application, actions: Mapping[str, Action], failures: Failures, refuse: Refuse
    ) -> None:
        self._application = application
        self._refuse = refuse
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
        answer = json.dumps(action(json.loads(body or b"{}"))).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]

    def _aws(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if refused := self._refuse(environ):
            self._keep(environ, "\n".join(refused))
            return _access_denied(environ, start_response, "; ".join(refused))
        told: list[str] = []

        def start(status: str, headers: Any, *rest: Any) -> Any:
            told[:] = [status]
            return start_response(status, headers, *rest)

        try:
            body = list(self._application(environ, start))
        except Exception:  # noqa: BLE001 whatever moto raises is an answer of 500
            self._keep(environ, traceback.format_exc(limit=-8))
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [traceback.format_exc(limit=-3).encode()]
        if told and int(told[0].split()[0]) >= 500:  # noqa: PLR2004 by HTTP's definition
            self._keep(environ, f"{told[0]} {b''.join(body).decode(errors='replace')[:2000]}")
        return body

    def _keep(self, environ: Environ, text: str) -> None:
        wanted = environ.get("HTTP_X_AMZ_TARGET") or environ.get("HTTP_AUTHORIZATION", "")[:120]
        with self._lock:
            self._failures.add(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {wanted}\n{text}")


def _access_denied(environ: Environ, start_response: StartResponse, message: str) -> Iterable[bytes]:
    """In the words of the protocol that was spoken."""
    if "HTTP_X_AMZ_TARGET" in environ:
        kind, body = "application/x-amz-json-1.0", json.dumps({"__type": "AccessDeniedException", "message": message})
    else:
        error = f"<Error><Code>AccessDenied</Code><Message>{xml.sax.saxutils.escape(message)}</Message></Error>"
        is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
        kind, body = "application/xml", error if is_s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    start_response("403 Forbidden", [("Content-Type", kind)])
    return [body.encode()]
