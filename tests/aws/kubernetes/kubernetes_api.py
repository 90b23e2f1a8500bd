"""A cluster's API server on this machine: HTTPS, tokens, pages that expire. What it does not like, it refuses as EKS
does.
"""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PREFIX = "k8s-aws-v1."
PATH = "/apis/discovery.k8s.io/v1/endpointslices"
LOCALHOST = "127.0.0.1"
LONG_SECONDS = 5.0


@dataclass(frozen=True)
class Authority:
    """A certificate authority as EKS creates them, without key identifiers; and a server certificate and key that it
    signed.
    """

    pem: str
    chain: bytes

    @classmethod
    def made(cls, address: str = LOCALHOST, *, expired: bool = False) -> Self:
        own_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        until = datetime.now(UTC) + timedelta(days=-1 if expired else 1)
        builder = x509.CertificateBuilder().issuer_name(name).not_valid_before(until - timedelta(days=30))
        builder = builder.not_valid_after(until)
        own = builder.subject_name(name).public_key(own_key.public_key()).serial_number(1)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        server = builder.subject_name(subject).public_key(server_key.public_key()).serial_number(2)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        server = server.add_extension(names, critical=False)
        key = server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = server.sign(own_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        pem = own.sign(own_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return cls(pem.decode(), key + certificate)


@dataclass
class KubernetesApi:
    """The server's slices and its behaviour. `paths` are the paths of authorized requests."""

    cluster: str
    region: str
    secret_key: str
    slices: Sequence[object] = ()
    page_size: int = 2
    expiring: int = 0
    """So many continue tokens are too old."""
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    waits: threading.Event | None = None
    """Answers only when this is set, or after a long while."""
    drip: threading.Event | None = None
    """Sends a byte at a time, and never the last, until this is set. `dripped` counts them."""
    dripped: int = 0
    paths: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    endpoint: str = ""

    def answer(self, path: str, query: dict[str, str], authorization: str) -> tuple[int, bytes]:
        if not self.is_signed(authorization.removeprefix("Bearer ")):
            return 401, b'{"kind":"Status","message":"Unauthorized","code":401}'
        self.paths.append(path)
        if self.status != 200 or self.body is not None:
            return self.status, self.body or b""
        if path.partition("?")[0] != PATH:
            return 404, b"404 page not found"
        return self._page(int(query["limit"]), query.get("continue", ""))

    def _page(self, limit: int, following: str) -> tuple[int, bytes]:
        if following and self.expiring:
            self.expiring -= 1
            return 410, b'{"kind":"Status","reason":"Expired","code":410}'
        first = int(base64.b64decode(following)) if following else 0
        last = first + min(limit, self.page_size)
        more = {"continue": base64.b64encode(str(last).encode()).decode()} if last < len(self.slices) else {}
        page = {"kind": "EndpointSliceList", "metadata": {"resourceVersion": "7", **more}}
        return 200, json.dumps({**page, "items": self.slices[first:last] or None}).encode()

    def is_signed(self, token: str) -> bool:
        """Whether STS would say who it is, and the signature is for this cluster and not for another."""
        try:
            return token.startswith(PREFIX) and self._is_signed(token.removeprefix(PREFIX))
        except (KeyError, ValueError):
            return False

    def _is_signed(self, encoded: str) -> bool:
        url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
        query = dict(parse_qsl(url.query))
        signature = query.pop("X-Amz-Signature")
        asks = query["Action"] == "GetCallerIdentity" and query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
        regional = (url.scheme, url.netloc) == ("https", f"sts.{self.region}.amazonaws.com")
        signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        is_fresh = abs(datetime.now(UTC) - signed_at) < timedelta(minutes=1) and int(query["X-Amz-Expires"]) <= 60
        return asks and regional and is_fresh and signature == self._signature(url.netloc, query)

    def _signature(self, host: str, query: dict[str, str]) -> str:
        """Written by the page, and not with botocore, which made the token.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
        """
        canonical_query = "&".join(f"{quote(key, '')}={quote(query[key], '')}" for key in sorted(query))
        headers = f"host:{host}\nx-k8s-aws-id:{self.cluster}\n"
        request = "\n".join(
            ("GET", "/", canonical_query, headers, "host;x-k8s-aws-id", hashlib.sha256(b"").hexdigest())
        )
        scope = query["X-Amz-Credential"].partition("/")[2]
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join(("AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest))
        return hmac.new(key, text.encode(), "sha256").hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: KubernetesApi

    def do_GET(self) -> None:
        self.api.accepted.append(self.headers["Accept"])
        if self.api.waits:
            self.api.waits.wait(LONG_SECONDS)
        query = dict(parse_qsl(urlsplit(self.path).query))
        status, body = self.api.answer(self.path, query, self.headers.get("Authorization", ""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **self.api.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.api.drip:
            self._drip(body[:-1], self.api.drip)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes, ended: threading.Event) -> None:
        self.close_connection = True
        for byte in body:
            if ended.wait(0.005):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            self.api.dripped += 1

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    """Does not print errors of clients that hang up or refuse the certificate, as some tests do."""

    def handle_error(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def serving(api: KubernetesApi, authority: Authority, folder: Path) -> Iterator[KubernetesApi]:
    """Runs the server during a test, at `api.endpoint`."""
    chain = folder / "server.pem"
    chain.write_bytes(authority.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with _Server((LOCALHOST, 0), type("Handler", (_Handler,), {"api": api})) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        api.endpoint = f"https://{LOCALHOST}:{server.server_port}"
        yield api
        for event in (api.waits, api.drip):
            if event:
                event.set()
        server.shutdown()
        thread.join()
