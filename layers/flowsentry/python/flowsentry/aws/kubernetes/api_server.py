"""The API server of a Kubernetes cluster: one question at a time, over HTTPS that its own authority vouches for.

By hand and not with Kubernetes' own client, which is larger than all else in the layer.
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

CHUNK_BYTES = 64 * 1024
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
UNKNOWN_ROLE = "does not know this function's role: give the role an EKS access entry"
FORBIDDEN = "lets this function's role in and does not let it list endpointslices.discovery.k8s.io in all namespaces"
REMEDY = "associate AmazonEKSViewPolicy for the whole cluster, or bind a ClusterRole that does"


class ExpiredError(RetryableError):
    """What was asked for is gone (410): retry from the beginning."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What all questions of one conversation may take together, and each wait. More: a cluster that hangs, or floods,
    takes the time and memory of all others. Less: a large or slow cluster is not listed.
    """

    bytes: int = 64 * 1024 * 1024
    seconds: float = 60.0
    connect_seconds: float = 3.0
    read_seconds: float = 10.0


@dataclass
class ClusterApi:
    """A conversation with one cluster's API server. `certificate_authority` is PEM; `token` makes a bearer token."""

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
        self._connection = self._made_connection()

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at this path. Redirects are not followed.

        Raises RetryableError for what passes with time, ExpiredError for what is gone, and PoisonError for an answer
        that can't be read or is too large, for a server that can't be trusted, and where an access is missing, saying
        which.
        """
        with self._in_our_words():
            response = self._asked(path)
            body = self._body(response) if response.status == HTTPStatus.OK else b""
        if response.status != HTTPStatus.OK:
            self.close()
            raise self._refusal(response.status)
        return self._object(body)

    def _made_connection(self) -> HTTPSConnection:
        try:
            parts = urlsplit(self.endpoint)
            host, port = parts.hostname, parts.port
            context = trusting(self.certificate_authority)
        except (ValueError, ssl.SSLError) as error:
            raise self._unreadable(f"has a bad endpoint or certificate authority: {error}") from error
        if parts.scheme != "https" or not host:
            raise self._unreadable(f"has the endpoint {self.endpoint!r}, which is not https")
        return HTTPSConnection(host, port, timeout=self.limits.connect_seconds, context=context)

    def _asked(self, path: str) -> HTTPResponse:
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
                sentence = f"cluster {self.cluster!r} answers with more than {self.limits.bytes} bytes"
                raise PoisonError("cluster-too-large", sentence)
            self._check_time()
            body += chunk
        if response.length:
            raise IncompleteRead(b"", response.length)
        response.close()
        return bytes(body)

    def _object(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(f"answers with what is no JSON: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise self._unreadable("answers with what is no JSON object")
        return answer

    def _check_time(self) -> None:
        if self.clock() > self._deadline:
            raise TimeoutError(f"it took more than {self.limits.seconds:g} s")

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """Errors leave as ours, and leave no connection behind on which half an answer is still to come."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            sentence = f"the server of cluster {self.cluster!r} is not trusted: {error.verify_message}"
            raise PoisonError("cluster-untrusted", sentence) from error
        except (OSError, HTTPException) as error:
            self.close()
            why = str(error) or type(error).__name__
            raise RetryableError(f"could not ask cluster {self.cluster!r}: {why}") from error
        except PoisonError:
            self.close()
            raise

    def _refusal(self, status: int) -> PoisonError | RetryableError:
        if status == HTTPStatus.GONE:
            return ExpiredError(f"cluster {self.cluster!r} no longer has the rest of its list")
        if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return RetryableError(f"could not ask cluster {self.cluster!r}: it answers with status {status}")
        if status == HTTPStatus.UNAUTHORIZED:
            return PoisonError("cluster-access-denied", f"cluster {self.cluster!r} {UNKNOWN_ROLE}")
        if status == HTTPStatus.FORBIDDEN:
            return PoisonError("cluster-access-denied", f"cluster {self.cluster!r} {FORBIDDEN}: {REMEDY}")
        return self._unreadable(f"answers with status {status}")

    def _unreadable(self, what: str) -> PoisonError:
        return PoisonError("cluster-unreadable", f"cluster {self.cluster!r} {what}")


def trusting(certificate_authority: str) -> ssl.SSLContext:
    """Trust in what this authority signed for the name that is asked, and in nothing else; not in the system's. Raises
    ValueError or ssl.SSLError for what is no PEM.

    Not Python's default context: from 3.13 that is strict about a key identifier, which the authorities of many EKS
    clusters do not have. https://github.com/kubernetes-client/python/issues/2394
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate_authority)
    return context
