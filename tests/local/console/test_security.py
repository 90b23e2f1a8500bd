"""Who may use the console: not another site's page, not a rebound name, not another user without the token."""

from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from local.console.application import application
from local.console.console_data import Alarm
from local.console.security import CONTENT_SECURITY_POLICY, TOKEN_HEADER, Access
from local.console.subjects.replayed import Replayed


def test_a_page_of_the_console_with_the_token_reads_data(client: TestClient) -> None:
    assert client.get("/api/about").json()["subject"] == "replayed"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8740", "127.0.0.1", "127.0.0.1:80", "localhost:8741"])
@pytest.mark.parametrize("path", ["/", "/static/console.js", "/api/about"])
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(client: TestClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "open the link" in answer.json()["error"]


@pytest.mark.parametrize("token", ["", "guessed"])
def test_data_without_the_token_is_refused(client: TestClient, token: str) -> None:
    answer = client.get("/api/about", headers={TOKEN_HEADER: token})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:8741", "https://127.0.0.1:8740"]
)
def test_a_change_from_another_origin_is_refused_even_with_the_token(client: TestClient, origin: str) -> None:
    answer = client.post("/api/about", json={}, headers={"Origin": origin})
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_data_for_a_page_of_another_site_is_refused(client: TestClient, site: str) -> None:
    assert client.get("/api/about", headers={"Sec-Fetch-Site": site}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/about", "/api/nothing", "/static/console.js", "/static/none.js"])
def test_every_answer_has_the_policy_and_is_not_stored(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] == "no-store"


class Defective(Replayed):
    """A replay whose alarms can't be computed."""

    def __init__(self, replayed: Replayed) -> None:
        self.__dict__ |= vars(replayed)

    def alarms(self) -> Sequence[Alarm]:
        raise ZeroDivisionError("secret")


def test_an_unexpected_error_is_an_answer_with_the_policy_and_without_its_message(
    data: Replayed, access: Access
) -> None:
    console = application(Defective(data), access)
    client = TestClient(console, base_url="http://127.0.0.1:8740", raise_server_exceptions=False)
    answer = client.get("/api/alarms", headers={TOKEN_HEADER: access.token})
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "ZeroDivisionError" in answer.json()["error"]
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/vendor/lit-html/../../x"])
def test_files_outside_the_pages_are_not_served(client: TestClient, path: str) -> None:
    assert "def " not in client.get(path).text


def test_an_unknown_route_of_the_api_is_named(client: TestClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, "/api/nothing" in answer.json()["error"]) == (404, True)
