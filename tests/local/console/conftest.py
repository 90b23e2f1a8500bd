"""A replay of the invented company's afternoon as the console's data, and a client that may use its API."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from flowsentry.pipeline import Context
from local.console.application import application
from local.console.security import TOKEN_HEADER, Access
from local.console.subjects.recording import Recording
from local.console.subjects.replayed import Replayed
from tests.sample_company.replay import SampleObject, sample_recording

PORT = 8740
Replay = Callable[..., Replayed]


@pytest.fixture(scope="session")
def recording() -> Recording:
    return sample_recording()


@pytest.fixture
def data(recording: Recording) -> Replayed:
    """The replayed afternoon, with no triage yet."""
    return Replayed(recording, "sample")


@pytest.fixture
def access() -> Access:
    return Access(PORT)


@pytest.fixture
def client(data: Replayed, access: Access) -> TestClient:
    """Requests as the console's own pages send them."""
    headers = {TOKEN_HEADER: access.token, "Origin": f"http://127.0.0.1:{PORT}"}
    return TestClient(application(data, access), base_url=f"http://127.0.0.1:{PORT}", headers=headers)


@pytest.fixture
def replayed() -> Replay:
    """The data of a replay of these lines (a flow log with its header)."""

    def run(content: bytes, context: Context | None = None) -> Replayed:
        recording = Recording(context or Context())
        recording.take(SampleObject("lines.log.gz", gzip.compress(content)))
        return Replayed(recording, "lines")

    return run


def json_of(client: TestClient, path: str, **parameters: Any) -> Any:
    """The JSON at a path; asserts success."""
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()
