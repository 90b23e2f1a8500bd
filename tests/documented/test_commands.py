"""Commands in blocks: those of flowsentry that need no deployment run, and all others exist with their arguments."""

import contextlib
import json
import re
import shlex
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.console import replay_console
from local.console.application import api_routes
from stacks.settings.deployment import Deployment
from tests.command_options import parsed
from tests.documented.blocks import ROOT, blocks
from tests.documented.conftest import content
from tests.documented.kinds import SHELL, is_shell
from tests.local.conftest import Flowsentry
from tests.sample_company.replay import sample_company

COMMANDS = [(str(block), command) for block in blocks() if is_shell(block) for command in block.commands]
NAMED = ("flowsentry", ".venv/bin/flowsentry")
RUN = ("bill", "explain", "parse", "query", "replay", "rules")
"""The commands that read files and need no deployment."""
RUN_ELSEWHERE = "docs/replay.md"
"""tests/local/replay/test_documented_examples.py runs this page, and compares what is read."""
PLAIN = re.compile(r"(?:log|get|failures)\(\) \{|[A-Z_]+=\$\(")
"""Shell functions and variables of docs/aws-requirements.md; the aws commands in them are checked as all others."""


def of_flowsentry() -> dict[str, list[str]]:
    """The arguments of each command of flowsentry, by its line; a pipe and a redirection are not part of it."""
    found = {}
    for place, command in COMMANDS:
        piped = [part for part in re.split(r" \|\s| > ", command) if part.strip().startswith(NAMED)]
        if piped and not place.startswith(RUN_ELSEWHERE):
            found[piped[0].strip().removeprefix(".venv/bin/")] = shlex.split(piped[0])[1:]
    return found


EXAMPLES = of_flowsentry()
RUNNING = [line for line, words in EXAMPLES.items() if words[0] in RUN]


def test_each_line_of_a_shell_block_begins_with_a_known_program() -> None:
    unknown = [each for each in COMMANDS if not (each[1].startswith(SHELL) or PLAIN.match(each[1]))]
    assert unknown == []


@pytest.mark.parametrize("example", RUNNING)
def test_a_command_that_reads_files_runs(
    flowsentry: Flowsentry, user: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    ended = partial(replay_console.replay_on_console, wait=lambda: None)
    monkeypatch.setattr(replay_console, "replay_on_console", ended)
    monkeypatch.setattr(replay_console, "console_shown", lambda *_: contextlib.nullcontext())
    words = [word.replace("i-0abc", owner_id()) for word in EXAMPLES[example]]
    done = flowsentry(*words, stdin=content())
    assert (done.code, user.exists()) == (0, True), done.err
    assert done.out or "replay --json" in example or "--json logs" in example  # which prints findings only


def owner_id() -> str:
    """The id of an instance of the snapshot, for one that an example makes up."""
    hosts = (host for network in sample_company().networks for host in network.hosts)
    return next(host.instance_id or "" for host in hosts if host.name == "web-3")


@pytest.mark.parametrize("example", [line for line in EXAMPLES if line not in RUNNING])
def test_a_command_that_needs_a_deployment_can_be_given(example: str) -> None:
    assert parsed(EXAMPLES[example])


def lines_of(program: str) -> list[str]:
    return list(dict.fromkeys(command for _, command in COMMANDS if command.startswith(f"{program} ")))


@pytest.mark.parametrize("line", lines_of("make"))
def test_make_knows_the_target_and_the_variables(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    _, target, *variables = shlex.split(line)
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    assert [name for each in variables if f"$({(name := each.partition('=')[0])})" not in makefile] == []


@pytest.mark.parametrize("line", lines_of(".venv/bin/python"))
def test_a_module_that_is_run_exists(line: str) -> None:
    assert find_spec(shlex.split(line)[2])


@pytest.mark.parametrize("line", lines_of("cdk"))
def test_settings_on_the_command_line_are_accepted(line: str) -> None:
    words = shlex.split(line)
    given = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "-c")
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | given
    assert Deployment.from_context(context).digest_minutes == 30


@pytest.mark.parametrize("line", lines_of("curl"))
def test_a_request_to_the_console_has_a_route(line: str) -> None:
    path = shlex.split(line)[-1].removeprefix("http://127.0.0.1:8740")
    assert path in {route.path for route in api_routes(SimpleNamespace())}
