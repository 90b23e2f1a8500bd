"""The limits of AWS as a plugin of the CDK: an excess fails the synth."""

from pathlib import Path

import pytest
from aws_cdk import App, CfnParameter, Stack, Validations
from aws_cdk import aws_ssm as ssm

from stacks.limits.plugin import plugin


def test_an_excess_fails_the_synth_with_its_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Stack")
    CfnParameter(stack, "Unused")
    ssm.CfnParameter(stack, "Long", type="String", value="x" * 4_097, name="/long")
    Validations.of(app).add_plugins(plugin())
    with pytest.raises(Exception, match="alidation"):
        app.synth()
    printed = "".join((*capfd.readouterr(), *(path.read_text() for path in tmp_path.glob("*report*"))))
    assert "Stack/Long: the value of /long has up to 4,097 bytes; allowed: 4,096" in printed
