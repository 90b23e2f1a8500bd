"""Functions run as on Lambda: from their own zip file, in warm environments, with Lambda's error messages."""

import json
import time

from tests.local.aws.conftest import FunctionFactory


def test_an_invocation_returns_the_result_of_the_handler(function: FunctionFactory) -> None:
    assert function("return {'got': event}").answer({"a": 1}) == {"got": {"a": 1}}


def test_an_environment_stays_warm_between_events(function: FunctionFactory) -> None:
    counts = function("return attempts")
    assert [counts.answer() for _ in range(3)] == [1, 2, 3]


def test_an_exception_is_returned_as_an_unhandled_error(function: FunctionFactory) -> None:
    response = function("raise ValueError('no such thing')").invoke({})
    error = json.loads(response["Payload"].read())
    assert response["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")


def test_a_function_that_exceeds_its_timeout_is_killed_and_the_timeout_is_logged(function: FunctionFactory) -> None:
    slow = function("import time\nif event: time.sleep(60)\nreturn attempts", Timeout=1)
    started = time.monotonic()
    error = slow.answer({"sleep": True})
    assert time.monotonic() - started < 10
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert any(line.endswith("Task timed out after 1.00 seconds") for line in slow.log_lines)
    assert slow.answer() == 1, "the next event gets a new environment"


def test_a_function_that_exits_returns_an_error_and_is_started_again(function: FunctionFactory) -> None:
    exits = function("import os\nif event: os._exit(3)\nreturn attempts")
    assert exits.answer({"exit": True})["errorType"] == "Runtime.ExitError"
    assert exits.answer() == 1


def test_a_module_that_fails_to_load_makes_every_invocation_fail(function: FunctionFactory) -> None:
    broken = function(code="import no_such_module")
    assert broken.answer()["errorType"] == "Runtime.ImportModuleError"
    assert broken.answer()["errorType"] == "Runtime.ImportModuleError"


def test_packages_that_were_not_deployed_cannot_be_imported(function: FunctionFactory) -> None:
    """All of these packages are in this repository or its virtual environment."""
    imports = function(
        "found = []\n"
        "for name in ('boto3', 'polars', 'moto', 'flowsentry', 'local'):\n"
        "    try: __import__(name); found.append(name)\n"
        "    except ImportError: pass\n"
        "return found"
    )
    assert imports.answer() == []


def test_printed_lines_are_in_the_log_group_when_the_invocation_returns(function: FunctionFactory) -> None:
    prints = function("print('first'); print('second\\nthird'); return None")
    prints.answer()
    assert [line for line in prints.log_lines if line in {"first", "second", "third"}] == ["first", "second", "third"]
