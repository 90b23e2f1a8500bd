"""A function runs as on Lambda: its own zip file, warm, and with Lambda's words for what goes wrong."""

import json
import time

from tests.local.aws.conftest import Maker


def test_a_function_answers_with_what_its_handler_returns(function: Maker) -> None:
    assert function("return {'got': event}").answer({"a": 1}) == {"got": {"a": 1}}


def test_an_environment_stays_warm_between_events(function: Maker) -> None:
    counts = function("return tries")
    assert [counts.answer() for _ in range(3)] == [1, 2, 3]


def test_an_exception_is_told_as_lambda_tells_it(function: Maker) -> None:
    told = function("raise ValueError('no such thing')").invoke({})
    error = json.loads(told["Payload"].read())
    assert told["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")


def test_a_function_that_takes_too_long_is_killed_and_its_log_says_so(function: Maker) -> None:
    slow = function("import time\nif event: time.sleep(60)\nreturn tries", Timeout=1)
    started = time.monotonic()
    error = slow.answer({"sleep": True})
    assert time.monotonic() - started < 10
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert any(line.endswith("Task timed out after 1.00 seconds") for line in slow.log_lines)
    assert slow.answer() == 1, "the next event has a new environment"


def test_a_function_that_exits_is_an_error_and_is_started_again(function: Maker) -> None:
    exits = function("import os\nif event: os._exit(3)\nreturn tries")
    assert exits.answer({"exit": True})["errorType"] == "Runtime.ExitError"
    assert exits.answer() == 1


def test_a_module_that_does_not_load_is_an_error_of_every_invocation(function: Maker) -> None:
    broken = function(code="import no_such_module")
    assert broken.answer()["errorType"] == "Runtime.ImportModuleError"
    assert broken.answer()["errorType"] == "Runtime.ImportModuleError"


def test_only_what_was_deployed_can_be_imported(function: Maker) -> None:
    """Neither this repository nor this virtual environment, which have all of these."""
    imports = function(
        "found = []\n"
        "for name in ('boto3', 'polars', 'moto', 'flowsentry', 'local'):\n"
        "    try: __import__(name); found.append(name)\n"
        "    except ImportError: pass\n"
        "return found"
    )
    assert imports.answer() == []


def test_what_a_function_prints_is_in_its_log_group_once_it_has_answered(function: Maker) -> None:
    prints = function("print('first'); print('second\\nthird'); return None")
    prints.answer()
    assert [line for line in prints.log_lines if line in {"first", "second", "third"}] == ["first", "second", "third"]
