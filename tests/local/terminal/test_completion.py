"""Completion by the shell: of commands, options, kinds of finding, thresholds and queries."""

import pytest

from flowsentry.findings.kinds import KINDS
from local.cli import COMMANDS, main


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("flowsentry re", ["replay", "resume"]),
        ("flowsentry ", list(COMMANDS)),
        ("flowsentry findings a", ["acknowledge"]),
        ("flowsentry replay --inv", ["--inventory"]),
        ("flowsentry findings list --kind port", [kind for kind in KINDS if kind.startswith("port")]),
        ("flowsentry replay --set scan.min_end", ["scan.min_endpoints=", "scan.min_endpoints_on_one_port="]),
        ("flowsentry replay --against def", ["default"]),
        ("flowsentry query who-", ["who-connected"]),
    ],
)
def test_what_is_typed_is_completed(
    typed: str, completed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_FLOWSENTRY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split(" ")) - 1))
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out.split() == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_each_shell_can_be_shown(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    with pytest.raises(SystemExit) as ended:
        main(["--show-completion", shell])
    assert not ended.value.code
    assert "_FLOWSENTRY_COMPLETE" in capsys.readouterr().out
