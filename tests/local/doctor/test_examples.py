"""flowsentry doctor on each example: fine in an account that has what it names, sentences where nothing is there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.doctor.questions import Questions
from tests.local.conftest import Flowsentry
from tests.local.doctor.example_account import furnish
from tests.moto_world import aws_in_memory, forget_clients

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.json"))
ANSWERED: dict[str, Any] = {
    "get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1_000}},
    "get_bucket_notification_configuration": {"EventBridgeConfiguration": {}},
}
LOGGED = (
    *("vpc_ids", "subnet_ids", "network_interface_ids"),
    *("transit_gateway_ids", "transit_gateway_attachment_ids"),
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget_clients()
    with aws_in_memory(monkeypatch):
        yield
    forget_clients()


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers what moto does not: it has no GetAccountSettings, and does not return EventBridge's configuration."""
    ask = Questions.ask

    def answer(self: Questions, service: str, operation: str, **arguments: Any) -> Any:
        return ANSWERED[operation] if operation in ANSWERED else ask(self, service, operation, **arguments)

    monkeypatch.setattr(Questions, "ask", answer)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_fine_in_an_account_that_has_what_it_names(
    flowsentry: Flowsentry, tmp_path: Path, example: Path
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(furnish(example.read_text()))
    said = json.loads(flowsentry("doctor", "--json", "--settings", path).out)
    assert [each for each in said["verdicts"] if each["level"] != "ok"] == []
    assert said["exit_code"] == 0


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_refused_with_sentences_where_nothing_is_there(flowsentry: Flowsentry, example: Path) -> None:
    said = json.loads(flowsentry("doctor", "--json", "--settings", example).out)
    stops = [each for each in said["verdicts"] if each["level"] == "stop"]
    assert said["exit_code"] == 1
    assert "CDK bootstrap" in {each["about"] for each in stops}
    assert all(each["finding"] and each["mend"].endswith(".") for each in stops)
    assert missing_of(example) <= {each["about"] for each in stops}


def missing_of(example: Path) -> set[str]:
    """What the example names, as doctor calls it."""
    settings = json.loads(example.read_text())["context"]["flowsentry"]
    lists = [source[key] for source in settings["sources"] for key in LOGGED if key in source]
    logged = {id_ for ids in lists for id_ in ids}
    existing = {each["name"] for key in ("log_groups", "buckets") for each in settings.get(f"existing_{key}", ())}
    others = {key for key in ("security_hub", "permissions_boundary") if settings.get(key)}
    return logged | existing | others


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
