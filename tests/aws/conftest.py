"""Every test of the edge runs in moto: no account, no network."""

from collections.abc import Iterator

import pytest

from tests.moto_world import aws_in_memory


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with aws_in_memory(monkeypatch):
        yield
