"""What runs at once is fitted to the concurrent executions that the account allows."""

from collections.abc import Callable
from typing import Any

import pytest

from stacks.settings.deployment import Deployment
from stacks.settings.operation import Fitted, fitted
from stacks.settings.reading import SettingsError
from tests.stacks.functions import SOURCE


@pytest.mark.parametrize(
    ("concurrency", "max_objects", "fit"),
    [
        (10, 10, Fitted(3, 1, 1)),
        (19, 10, Fitted(5, 1, 1)),
        (20, 10, Fitted(6, 2, 1)),
        (10, 2, Fitted(2, 1, 1)),
        (100, 50, Fitted(30, 4, 5)),
        (199, 10, Fitted(10, 4, 9)),
        (200, 10, Fitted(10, 4, 10)),
        (1_000, 300, Fitted(300, 4, 10)),
    ],
)
def test_less_runs_at_once_in_an_account_that_allows_less(concurrency: int, max_objects: int, fit: Fitted) -> None:
    assert fitted(concurrency, max_objects, payload_batches=10) == fit


@pytest.mark.parametrize(("reserved", "is_valid"), [(50, True), (51, False)])
def test_a_reservation_that_leaves_less_than_a_hundred_is_refused(reserved: int, *, is_valid: bool) -> None:
    given = {"sources": [SOURCE], "lambda_concurrency": 150, "stream_processor": {"reserved_concurrency": reserved}}
    try:
        Deployment.from_context({"flowsentry": given})
    except SettingsError as error:
        assert not is_valid
        (problem,) = error.problems
        assert "reserved_concurrency is 51; allowed: at most 50" in problem
    else:
        assert is_valid


def test_every_trigger_of_a_new_account_is_fitted(synthesise: Callable[..., Any]) -> None:
    source = {**SOURCE, "destination": "cloudwatch", "kinesis": True}
    resources = synthesise({"sources": [source], "lambda_concurrency": 10})["Processing"]["Resources"].values()
    mappings = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    assert [each["ScalingConfig"]["MaximumConcurrency"] for each in mappings if "ScalingConfig" in each] == [3, 2]
    assert [each["ParallelizationFactor"] for each in mappings if "ParallelizationFactor" in each] == [1, 1]
