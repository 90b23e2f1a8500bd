"""Who may use the console: only pages of its own, on this machine, opened by the link that the command printed.

A browser shows pages of other sites too, which can send requests to 127.0.0.1. Three checks keep them out: the Host
header must be this server's own (a name that was rebound to 127.0.0.1 has another one), requests that change something
must have its Origin, and every request for data must have the token, which no other site can read or send.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "X-Flowsentry-Token"  # noqa: S105 the name of a header
READING = frozenset({"GET", "HEAD"})
CONTENT_SECURITY_POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"),
        *("base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"),
    )
)
"""Nothing but this server's own files is loaded or run: text that a page would show as HTML could still do nothing.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP"""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Access:
    """The port of the server, and the token of this run, which only the printed link has."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def link(self) -> str:
        """The address to open. What is after `#` is never sent over the network or written to a log."""
        return f"http://127.0.0.1:{self.port}/#token={self.token}"

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost"))

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(f"http://{host}" for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to a request that may not pass: an HTTP status, and a sentence."""

    status: int
    sentence: str


class Guard:
    """ASGI middleware that lets only allowed requests pass, and puts HEADERS on every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = refusal_of(scope["method"], scope["path"], Headers(scope=scope), self._access)
        answer = JSONResponse({"error": refusal.sentence}, refusal.status) if refusal else self._app
        await answer(scope, receive, _with_headers(send))


def refusal_of(method: str, path: str, headers: Headers, access: Access) -> Refusal | None:
    """Why a request may not pass; None for one that may."""
    if headers.get("host", "") not in access.hosts:
        return Refusal(421, "this server answers to its own address only: open the link that the command printed")
    if method not in READING and headers.get("origin", "") not in access.origins:
        return Refusal(403, "only the console's own pages may change something")
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"} and path.startswith("/api/"):
        return Refusal(403, "only the console's own pages may read data")
    if path.startswith("/api/") and not _is_token(headers.get(TOKEN_HEADER, ""), access):
        return Refusal(401, "the token is missing or of an earlier run: open the link that the command printed")
    return None


def _is_token(text: str, access: Access) -> bool:
    return secrets.compare_digest(text.encode(), access.token.encode())


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
