"""Docs: generated pages are current; every path, setting, command, metric, table and link that a page names exists.

A name is what stands in backticks or in a fenced block. `OF_OTHERS` lists names of others that our code does not use.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from docs.generate import pages
from flowsentry.findings.thresholds import known_thresholds
from flowsentry.metric_names import PIPELINE_METRICS, TRAFFIC_METRICS
from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from stacks.constructs.parameters import Value
from stacks.settings.deployment import Purpose
from tests.command_options import options_of

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "layers" / "flowsentry" / "python" / "flowsentry"
RUNBOOK = ROOT / "docs" / "runbook.md"
FOLDERS = {"benchmarks", "campaigns", "docs", "events", "examples", "lambdas", "layers", "local", "stacks", "tests"}
GENERATED = pages()
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
by_page = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))

CODE_SUFFIXES = {".py", ".json", ".toml", ".txt"}
ALERT_IN_README = re.compile(r"<!-- (tests/emit/golden/\w+\.txt) -->\n```text\n(.*?)```", re.DOTALL)
S3_KEYS = {INVENTORY_KEY, SUPPRESSIONS_KEY, CLAIMS_KEY}
ELSEWHERE = {
    "",
    ".venv",
    "AWSLogs",
    "Flowsentry",
    "NAMESPACE",
    "TTPs",
    "enriched",
    "flowsentry.alert",
    "network",
    "node_modules",
    "suppressions",
}
"""First parts of names with slashes that are no paths of this repository: S3 keys, ASFF types, metrics, packages."""
OF_OTHERS = {
    *("BatchExecuteStatement", "BatchWriteItem"),
    *("AccessDenied", "AssumeRole", "ChangeMessageVisibility", "ClusterRoleBinding", "ConcurrentExecutions"),
    *("DeleteFlowLogs", "DeliverLogsErrorMessage", "DeliverLogsStatus", "DescribeFlowLogs", "DescribeLogStreams"),
    *("EventBridgeConfiguration", "FilterPolicy", "InvalidAccessException"),
    *("FlowLogAlreadyExists", "RetainExceptOnCreate"),
    *("NewType", "PutItem", "RULE_ARN", "RequestLimitExceeded", "ResourceNotFoundException", "UpdateItem"),
    *("cdk-nag", "collect_batches", "context", "fork", "join_asof"),
}
"""Names of AWS, Python and polars that pages mention and our code does not use."""


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.name)
def test_a_generated_page_is_current(page: Path) -> None:
    assert page.read_text() == GENERATED[page], "run `make docs` and read the difference"


def test_the_alert_in_the_readme_is_one_of_the_tested_messages() -> None:
    """FLOWSENTRY_WRITE_EXPECTED=1 copies the message into the page."""
    readme = ROOT / "README.md"
    [(path, shown)] = ALERT_IN_README.findall(readme.read_text())
    sent = (ROOT / path).read_text()
    if os.environ.get("FLOWSENTRY_WRITE_EXPECTED"):
        block = f"<!-- {path} -->\n```text\n{sent}```"
        readme.write_text(ALERT_IN_README.sub(lambda _: block, readme.read_text()))
        shown = sent
    assert shown == sent


def test_the_costs_in_the_readme_are_those_of_the_cost_page() -> None:
    readme, page = (ROOT / "README.md").read_text(), (ROOT / "docs" / "cost.md").read_text()
    [a_gb] = re.findall(r"(\$[0-9.]+) per GB to S3", page)
    [a_month] = re.findall(r"\*\*sum\*\* \| \*\*\$([0-9.]+)\*\* \|  \|", page)
    assert f"{a_gb} per GB of flow logs in S3" in readme
    assert f"about ${float(a_month):.0f} a month" in readme


@by_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, heading in local_links(page):
        assert target.exists(), target
        assert not heading or heading in headings(target), f"{target} has no heading {heading}"


@by_page
def test_every_numbered_decision_links_to_the_page_of_that_number(page: Path) -> None:
    for number, link in re.findall(r"\[(?:decision |number )?(\d+)\]\((?:\S*/)?(\d{4})-", page.read_text()):
        assert int(number) == int(link)


@by_page
def test_every_path_exists(page: Path) -> None:
    named = {name for name in words(page) if is_path(name)} | {name for name in tokens(page) if begins_here(name)}
    assert {name for name in named if not path_exists(name, page)} == set()


@by_page
def test_every_module_that_is_run_exists(page: Path) -> None:
    modules = re.findall(r"python -m ([\w.]+)", page.read_text())
    assert [name for name in modules if find_spec(name) is None] == []


@by_page
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)) <= targets


@by_page
def test_every_command_and_its_options_exist(page: Path) -> None:
    for command in re.findall(r"(?:^|`|bin/)flowsentry( [^`\n]+)", page.read_text(), flags=re.MULTILINE):
        assert set(re.findall(r"(?<= )--[a-z-]+", command)) - options_of(command.split()) == set(), command


@by_page
def test_every_setting_given_as_an_example_exists(page: Path) -> None:
    text = page.read_text()
    given = re.findall(r"-c flowsentry\.(\w+)", text) + re.findall(r"[`{ ]\"([a-z]\w+)\": [^`\n]*`", text)
    given += re.findall(r"\bsettings? `(\w+)`", text)
    suppressions = set(re.findall(r"\w+", (ROOT / "docs" / "suppressions.schema.json").read_text()))
    assert set(given) - settings() - suppressions - OF_OTHERS == set()


@by_page
def test_every_threshold_exists(page: Path) -> None:
    sections = {name.partition(".")[0] for name in known_thresholds()}
    named = re.findall(r"\b([a-z_]+\.[a-z_]+)\b(?!\.|/|\()", "\n".join(words(page)))
    missing = {name for name in named if name.partition(".")[0] in sections and name not in known_thresholds()}
    assert missing == set()


@by_page
def test_every_metric_exists(page: Path) -> None:
    """A CamelCase word is a metric, a class of ours, or a name of AWS."""
    named = {name for name in words(page) if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", name)}
    assert named - set(PIPELINE_METRICS) - set(TRAFFIC_METRICS) - classes() - quoted_words() - OF_OTHERS == set()


@by_page
def test_every_parameter_and_stack_exists(page: Path) -> None:
    text = page.read_text()
    parameters = re.findall(r"(?<=/flowsentry/)[a-z-]+(?=[`\s])", text) + re.findall(r"<([a-z]+(?:-[a-z]+)+)>", text)
    assert {name for name in parameters if name not in set(Value)} == set()
    stacks = set(re.findall(r"`flowsentry-([a-z-]+)`", text))
    assert stacks <= set(get_args(Purpose))


@by_page
def test_every_identifier_exists(page: Path) -> None:
    """lower-case, snake_case and UPPER_CASE: settings, columns, tables, indexes, kinds, constants, functions."""
    named = {name for name in words(page) if re.fullmatch(r"_?[a-z]+|[A-Z]{3,}|_?[A-Za-z]+(?:_[A-Za-z0-9]+)+", name)}
    assert named - code_words() - OF_OTHERS == set()


@by_page
def test_every_hyphenated_name_exists(page: Path) -> None:
    """Fields, reasons of dead letters, alarms, parameters. Names of stacks are checked above."""
    named = {name for name in words(page) if re.fullmatch(r"(?!flowsentry-)[a-z0-9]+(?:-[a-z0-9]+)+", name)}
    assert {name for name in named - OF_OTHERS if name not in code()} == set()


@by_page
def test_every_log_message_to_search_for_is_written_by_the_code(page: Path) -> None:
    messages = re.findall(r"message = \"([^\"]+)\"", page.read_text())
    assert [message for message in messages if f'"{message}"' not in code()] == []


def test_every_label_of_the_dashboard_that_the_runbook_quotes_is_drawn() -> None:
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", RUNBOOK.read_text(), flags=re.DOTALL))
    quoted = re.findall(r"\"([A-Z][A-Za-z ]+)\"", prose)
    drawn = "\n".join(path.read_text() for path in (ROOT / "stacks" / "monitoring").rglob("*.py"))
    assert quoted
    assert [label for label in quoted if label not in drawn] == []


def code_spans(page: Path) -> Iterator[str]:
    """What stands in backticks or fences."""
    text = page.read_text()
    yield from re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def tokens(page: Path) -> set[str]:
    return {token for span in code_spans(page) for token in span.split()}


def words(page: Path) -> set[str]:
    """The code spans that are one word."""
    return {span for span in code_spans(page) if len(span.split()) == 1 and "\n" not in span}


def is_path(name: str) -> bool:
    """Whether a word means a file or folder: it has a slash in the middle, or the ending of a module or page."""
    if not re.fullmatch(r"[\w.<>*…/-]+", name) or name in S3_KEYS or name.partition("/")[0] in ELSEWHERE:
        return False
    return ("/" in name and not name[0].isdigit()) or name.endswith((".py", ".md"))


def begins_here(name: str) -> bool:
    """Whether it begins with a folder of the repository, and is a path from there."""
    first, slash, _ = name.partition("/")
    return bool(slash and first and re.fullmatch(r"[\w.*/-]+", name)) and first in FOLDERS


def path_exists(name: str, page: Path) -> bool:
    """Whether it is there: from the top, from the package, beside the page, or by its name alone; `<…>` is anything."""
    pattern = re.sub(r"<[^>]*>|…", "*", name).rstrip("/")
    if any(next(base.glob(pattern), None) for base in (ROOT, PACKAGE.parent, PACKAGE, page.parent)):
        return True
    return "/" not in pattern and pattern in {path.name for path in code_files()}


def local_links(page: Path) -> list[tuple[Path, str]]:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    parts = [link.partition("#") for link in links if "://" not in link]
    return [(page.parent / path if path else page, heading) for path, _, heading in parts]


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def code_files() -> tuple[Path, ...]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in CODE_SUFFIXES)
    here = (path for path in ROOT.iterdir() if path.is_file() and path.suffix in CODE_SUFFIXES)
    return tuple(path for path in (*found, *here) if path != Path(__file__) and "__pycache__" not in path.parts)


@cache
def code() -> str:
    """What our code and its templates say, without docstrings, comments and the recorded files."""
    return "\n".join(
        without_prose(path) for path in code_files() if path.suffix != ".txt" and "samples" not in path.parts
    )


def without_prose(path: Path) -> str:
    text = path.read_text()
    return re.sub(r"\"{3}.*?\"{3}|  # .*?$", "", text, flags=re.DOTALL | re.MULTILINE) if path.suffix == ".py" else text


@cache
def code_words() -> frozenset[str]:
    return frozenset(re.findall(r"\w+", code()))


@cache
def classes() -> frozenset[str]:
    defined = re.findall(r"^\s*class (\w+)|^(\w+) = NewType", code(), flags=re.MULTILINE)
    return frozenset(name for names in defined for name in names)


@cache
def quoted_words() -> frozenset[str]:
    """Strings of the code that are one word: attributes of messages and of AWS's answers."""
    return frozenset(re.findall(r"\"(\w+)\"", code()))


@cache
def settings() -> frozenset[str]:
    """The names of all settings, of those within sections too."""
    text = "\n".join(path.read_text() for path in (ROOT / "stacks" / "settings").rglob("*.py"))
    fields = re.findall(r"^    (\w+): ", text, flags=re.MULTILINE)
    flowsentry = json.loads((ROOT / "cdk.json").read_text())["context"]["flowsentry"]
    thresholds = {name.partition(".")[0] for name in known_thresholds()}
    return frozenset((*fields, *flowsentry, *thresholds, "flowsentry"))
