"""Settings in a file of their own; errors about settings that cannot be read, and their length."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.settings.deployment import Deployment
from stacks.settings.reading import MAX_DEPTH, MAX_PROBLEMS, SettingsError
from tests.stacks.test_deployment import OTHER_VPC, SOURCE, read, refusal


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 300 + "]" * 300])
def test_deeply_nested_json_on_the_command_line_is_refused_with_its_key(text: str) -> None:
    message = refusal({}, digest_minutes=text)
    assert "  flowsentry.digest_minutes" in message
    assert f"is nested too deep; allowed: at most {MAX_DEPTH} levels of objects and lists" in message


def test_deeply_nested_objects_in_cdk_json_are_refused_with_their_key() -> None:
    message = refusal({"name": nested(300)})
    assert "  flowsentry.name[0][0]" in message
    assert f"is nested too deep; allowed: at most {MAX_DEPTH} levels of objects and lists" in message


def test_a_number_that_cannot_be_written_is_refused_with_its_key() -> None:
    assert "flowsentry.digest_minutes is a number of 16,610 bits; allowed" in refusal({"digest_minutes": 10**5_000 - 1})


def test_a_key_with_many_parts_is_refused() -> None:
    assert "is nested too deep" in refusal({}, **{".".join("a" * 1_000): "1"})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "\ud800"}, 'flowsentry.name is "\\ud800"; allowed: Unicode, without half a surrogate pair'),
        ({"alert_emails": ["a", "\udfff"]}, 'flowsentry.alert_emails[1] is "\\udfff"; allowed: Unicode'),
        ({"stream_processor": {"\ud800": 1}}, "flowsentry.stream_processor.\\ud800 is no name; allowed: Unicode"),
    ],
)
def test_half_a_surrogate_pair_is_refused_with_its_key(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)
    key, value = next(iter(settings.items()))
    assert words in refusal({}, **{key: json.dumps(value)})


def test_an_unknown_key_and_its_value_are_cut_and_escaped() -> None:
    message = refusal({"k" * 5_000: "v" * 5_000, "line\nbreak\u202e": 1})
    assert f'  flowsentry.{"k" * 189}… is "{"v" * 199}…, but there is no such setting' in message
    assert "  flowsentry.line\\nbreak\\u202e is 1, but there is no such setting" in message


def test_an_error_names_the_first_problems_and_counts_the_others() -> None:
    with pytest.raises(SettingsError) as refused:
        read({"alert_emails": ["me"] * 2_000})
    lines = str(refused.value).splitlines()
    assert len(lines) == 1 + MAX_PROBLEMS + 1
    assert lines[-1] == "  and 1950 more"
    assert len(refused.value.problems) == 2_000


def settings_file(folder: Path, text: str) -> str:
    (folder / "mine.json").write_text(text)
    return str(folder / "mine.json")


def test_a_settings_file_takes_the_place_of_cdk_json_and_the_command_line_wins_over_it(tmp_path: Path) -> None:
    settings = {"sources": [{"vpc_ids": [OTHER_VPC], "destination": "s3"}], "digest_minutes": 30}
    file = settings_file(tmp_path, json.dumps({"context": {"flowsentry": settings}}))
    context = {"flowsentry": {"sources": [SOURCE], "alert_emails": ["a@b.c"]}, "settings": file}
    deployment = Deployment.from_context({**context, "flowsentry.digest_minutes": "45"})
    assert (deployment.vpc_ids, deployment.alert_emails, deployment.digest_minutes) == ((OTHER_VPC,), (), 45)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "as cdk.json has: Expecting property name"),
        ('{"flowsentry": {}}', "as cdk.json has: 'context'"),
        ('{"context": {}}', "as cdk.json has: 'flowsentry'"),
        ('{"context": {"flowsentry": [1]}}', "as cdk.json has: [1]"),
    ],
)
def test_a_settings_file_without_settings_is_refused_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    file = settings_file(tmp_path, text)
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"settings": file})
    (problem,) = refused.value.problems
    assert problem.startswith(f'{file} has no "flowsentry" object in a "context" object, {words}')


def test_a_settings_file_that_does_not_exist_is_refused_with_its_name() -> None:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"settings": "/no/such.json"})
    assert refused.value.problems == ["/no/such.json: No such file or directory"]
