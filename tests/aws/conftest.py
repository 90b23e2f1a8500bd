"""Runs the tests of the AWS adapters in moto, without an account or a network."""

from collections.abc import Iterator

import pytest

from tests.moto_world import aws_in_memory, forget_clients


@pytest.fixture(scope="module", autouse=True)
def own_clients() -> Iterator[None]:
    forget_clients()
    yield
    forget_clients()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with aws_in_memory(monkeypatch):
        yield
