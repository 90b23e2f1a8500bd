"""The text of the template for member accounts, and the file that it is kept in."""

import json
import tempfile
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.limits.plugin import plugin as aws_limits
from stacks.members.stack import MemberStack

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "members" / "template.json"


def template_text() -> str:
    """The template as JSON. Raises what a finding of cdk-nag, or a limit of AWS, raises."""
    with tempfile.TemporaryDirectory() as folder:
        flags = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(outdir=folder, context=flags, analytics_reporting=False)
        MemberStack(app, "Member")
        Validations.of(app).add_plugins(AwsSolutionsChecks(app), aws_limits())
        return json.dumps(app.synth().stacks[0].template, indent=2) + "\n"
