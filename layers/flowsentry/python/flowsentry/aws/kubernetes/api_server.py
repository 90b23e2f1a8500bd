"""A minimal HTTPS client for a Kubernetes API server, which trusts only the cluster's own certificate authority.

Not Kubernetes' own client, which is larger than everything else in the layer.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

from flowsentry.errors import PoisonError, RetryableError
from flowsentry.value import Value

CHUNK_BYTES = 64 * 1024
TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
UNKNOWN_ROLE = "does not know this function's role: give the role an EKS access entry"
FORBIDDEN = "authenticates this function's role, which may not list endpointslices.discovery.k8s.io in all namespaces"
REMEDY = "associate AmazonEKSViewPolicy for the whole cluster, or bind a ClusterRole that does"


class ExpiredError(RetryableError):
    """The continue token expired (410): retry from the first page."""


class Limits(Value, frozen=True):
    """Limits of all requests to one cluster together (`bytes`, `seconds`), and of each wait. Higher: a cluster that
    hangs, or returns too much, takes the time and memory of all others. Lower: a large or slow cluster is not listed.
    """

    bytes: int = 64 * 1024 * 1024
    seconds: float = 60.0
    connect_seconds: float = 3.0
    read_seconds: float = 10.0


@dataclass
class ClusterApi:
    """A connection to one cluster's API server. `certificate_authority` is PEM; `token` returns a bearer token."""

    cluster: str
    endpoint: str
    certificate_authority: str
    token: Callable[[], str] = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.monotonic
    _bytes_left: int = field(init=False)
    _deadline: float = field(init=False)
    _connection: HTTPSConnection = field(init=False)

    def __post_init__(self) -> None:
        self._bytes_left = self.limits.bytes
        self._deadline = self.clock() + self.limits.seconds
        self._connection = self._new_connection()

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at this path. Redirects are not followed.

        Raises RetryableError for transient failures; ExpiredError for an expired continue token; and PoisonError for an
        answer that is unreadable or too large, for an untrusted server, and for a missing permission, which the message
        names.
        """
        with self._translated_errors():
            response = self._request(path)
            body = self._body(response) if response.status == HTTPStatus.OK else b""
        if response.status != HTTPStatus.OK:
            self.close()
            raise self._refusal(response.status)
        return self._parsed(body)

    def _new_connection(self) -> HTTPSConnection:
        try:
            parts = urlsplit(self.endpoint)
            host, port = parts.hostname, parts.port
            context = trust_only(self.certificate_authority)
        except (ValueError, ssl.SSLError) as error:
            raise self._unreadable(f"has a bad endpoint or certificate authority: {error}") from error
        if parts.scheme != "https" or not host:
            raise self._unreadable(f"has the endpoint {self.endpoint!r}, which is not https")
        return HTTPSConnection(host, port, timeout=self.limits.connect_seconds, context=context)

    def _request(self, path: str) -> HTTPResponse:
        if self._connection.sock is None:
            self._connect()
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token()}"}
        self._connection.request("GET", path, headers=headers)
        return self._connection.getresponse()

    def _connect(self) -> None:
        self._connection.connect()
        self._connection.sock.settimeout(self.limits.read_seconds)

    def _body(self, response: HTTPResponse) -> bytes:
        body = bytearray()
        while chunk := response.read1(CHUNK_BYTES):
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                sentence = f"cluster {self.cluster!r} returns more than {self.limits.bytes} bytes"
                raise PoisonError("cluster-too-large", sentence)
            self._check_time()
            body += chunk
        if response.length:
            raise IncompleteRead(b"", response.length)
        response.close()
        return bytes(body)

    def _parsed(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(f"returns invalid JSON: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise self._unreadable("returns no JSON object")
        return answer

    def _check_time(self) -> None:
        if self.clock() > self._deadline:
            raise TimeoutError(f"it took more than {self.limits.seconds:g} s")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Translates errors, and closes the connection after one: the rest of an answer may still arrive."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            sentence = f"the server of cluster {self.cluster!r} is not trusted: {error.verify_message}"
            raise PoisonError("cluster-untrusted", sentence) from error
        except (OSError, HTTPException) as error:
            self.close()
            why = str(error) or type(error).__name__
            raise RetryableError(f"could not call cluster {self.cluster!r}: {why}") from error
        except PoisonError:
            self.close()
            raise

    def _refusal(self, status: int) -> PoisonError | RetryableError:
        if status == HTTPStatus.GONE:
            return ExpiredError(f"cluster {self.cluster!r} expired the rest of its list")
        if status in TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return RetryableError(f"could not call cluster {self.cluster!r}: it returns status {status}")
        if status == HTTPStatus.UNAUTHORIZED:
            return PoisonError("cluster-access-denied", f"cluster {self.cluster!r} {UNKNOWN_ROLE}")
        if status == HTTPStatus.FORBIDDEN:
            return PoisonError("cluster-access-denied", f"cluster {self.cluster!r} {FORBIDDEN}: {REMEDY}")
        return self._unreadable(f"returns status {status}")

    def _unreadable(self, what: str) -> PoisonError:
        return PoisonError("cluster-unreadable", f"cluster {self.cluster!r} {what}")


def trust_only(certificate_authority: str) -> ssl.SSLContext:
    """A TLS context that trusts only certificates that this authority signed for the requested host name, and not the
    system's authorities. Raises ValueError or ssl.SSLError for invalid PEM.

    Not Python's default context: since 3.13 it requires a key identifier, which the authorities of many EKS clusters
    lack. https://github.com/kubernetes-client/python/issues/2394
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate_authority)
    return context
