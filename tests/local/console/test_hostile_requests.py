"""Requests that no page of the console sends, written to the socket as they are: nothing but its own files is served,
and every answer is a sentence with the content security policy.
"""

import http.client
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from flowsentry.pipeline import Context
from local.console.routing import AsciiResponse
from local.console.security import CONTENT_SECURITY_POLICY, TOKEN_HEADER, Access
from local.console.server import serving
from local.console.subjects.recording import Recording
from local.console.subjects.replayed import Replayed


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    policy: str
    text: str


Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def running() -> Iterator[Access]:
    """A console without any data."""
    with serving(Replayed(Recording(Context()), "nothing"), port=0) as access:
        yield access


@pytest.fixture
def ask(running: Access) -> Ask:
    """Sends one request, whose path and headers are not changed."""

    def asked(method: str, path: str, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        return Answer(answer.status, answer.headers["content-security-policy"], text)

    return asked


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../server.py", "/static/..%2f..%2fconsole%2fserver.py", "/static/%2e%2e/server.py"),
        *("/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/..%5cserver.py", "/static/....//server.py"),
        *("/static/%00", "/static/api.js%00.css", f"/static/{'a' * 5_000}", "/static/pages", "/static/"),
        *("/vendor/lit-html/../echarts/package.json", "/vendor/lit-html/..%2fecharts/package.json"),
        *("/vendor/lit-html/%2e%2e/%2e%2e/requirements.txt", "/vendor/lit-html/"),
    ],
)
def test_files_outside_the_served_folders_and_folders_themselves_are_not_served(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.text, answer.policy) == (404, '{"error":"Not Found"}', CONTENT_SECURITY_POLICY)


@pytest.mark.parametrize("path", ["/%00", "/%E0%A4%A", "//evil.example/", "/x/../api/about", "/vendor/echarts.js/.."])
def test_any_other_path_is_the_frame_without_data(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.policy) == (200, CONTENT_SECURITY_POLICY)
    assert answer.text.startswith("<!doctype html>")
    assert "newest" not in answer.text


@pytest.mark.parametrize("path", ["/api%2fabout", "/api/about", "/api/../api/about", "/api/%61bout"])
def test_no_spelling_of_a_route_reads_data_without_the_token(ask: Ask, path: str) -> None:
    assert ask("GET", path).status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "NOTHING"])
def test_no_method_but_reading_passes_without_origin_and_token(ask: Ask, running: Access, method: str) -> None:
    origin = f"http://127.0.0.1:{running.port}"
    assert ask(method, "/api/about", **{TOKEN_HEADER: running.token}).status == 403
    assert ask(method, "/static/api.js").status == 403
    assert ask(method, "/api/about", Origin=origin).status == 401
    assert ask(method, "/api/about", Origin=origin, **{TOKEN_HEADER: running.token}).status == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:{port}@evil.example", "[::1]:{port}", "127.0.0.1", ""])
def test_another_host_gets_nothing_even_with_the_token(ask: Ask, running: Access, host: str) -> None:
    answer = ask("GET", "/api/about", Host=host.format(port=running.port), **{TOKEN_HEADER: running.token})
    assert (answer.status, "newest" in answer.text) == (421, False)


@pytest.mark.parametrize(
    "path",
    [
        "/api/traffic-map?owner=%00%ED%A0%80%E2%80%AE&start=1&end=2",
        "/api/scan?source=%F0%00&start=1&end=5",
        "/api/traffic-map?start=1&end=2&start=1&unknown=%3Cscript%3E",
    ],
)
def test_broken_text_in_a_filter_finds_nothing(ask: Ask, running: Access, path: str) -> None:
    assert ask("GET", path, **{TOKEN_HEADER: running.token}).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/blocked-path/of/%00%ff%3Cscript%3E", 404),
        ("/api/traffic-map?start=1e9&end=2", 400),
        ("/api/traffic-map?start=1&end=99999999999999999999999", 400),
        ("/api/traffic-map?start=2&end=1", 400),
    ],
)
def test_what_is_not_valid_is_refused_in_a_sentence(ask: Ask, running: Access, path: str, status: int) -> None:
    answer = ask("GET", path, **{TOKEN_HEADER: running.token})
    assert (answer.status, '"error"' in answer.text, "Traceback" in answer.text) == (status, True, False)


def test_half_a_character_in_a_name_is_escaped() -> None:
    assert AsciiResponse({"name": "\ud800"}).body == rb'{"name":"\ud800"}'
