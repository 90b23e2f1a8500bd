"""flowsentry doctor: the command."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.deployment_command import Profile, Region
from local.terminal.command import Command, Options
from local.terminal.complaints import complain
from local.terminal.next_steps import with_next_step
from local.terminal.screen import screen
from local.terminal.waiting import waiting

if TYPE_CHECKING:
    from stacks.settings.deployment import Deployment

CDK_JSON = Path(__file__).parents[2] / "cdk.json"
QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
"""The key of the CDK's context that says with which bootstrap stack it deploys.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html"""


def _context(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise typer.BadParameter(f"{text!r} is no setting; use KEY=VALUE")
    return key, value


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(Options):
    """Of flowsentry doctor."""

    region: Region = None
    profile: Profile = None
    settings: Annotated[Path, typer.Option(metavar="FILE", help="default: cdk.json")] = CDK_JSON
    context: Annotated[
        list[Any],
        typer.Option(
            *("-c", "--context"),
            parser=_context,
            metavar="KEY=VALUE",
            help="a setting over those of the file, as for cdk deploy: flowsentry.name=test",
        ),
    ] = field(default_factory=list)
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False
    policy: Annotated[
        bool, typer.Option("--policy", help="print the IAM policy that doctor needs, and ask nothing")
    ] = False


def _run(options: DoctorOptions) -> int:
    from local.doctor.questions import policy  # noqa: PLC0415 - boto3 is slow to import; parse does not need it

    if options.policy:
        print(policy())
        return 0
    from stacks.settings.deployment import Deployment  # noqa: PLC0415
    from stacks.settings.reading import SettingsError  # noqa: PLC0415 - pydantic is slow to import

    try:
        context = _context_of(options)
        deployment = Deployment.from_context(context)
    except OSError as error:
        return complain(f"--settings {options.settings}: {error.strerror}; give a file such as cdk.json")
    except (ValueError, SettingsError) as error:
        return complain(f"--settings {options.settings}: {error}")
    return _examine(deployment, context.get(QUALIFIER), options)


def _context_of(options: DoctorOptions) -> dict[str, Any]:
    """The context that `cdk deploy` would have. A file of settings may leave out what cdk.json says of the CDK."""
    of_the_cdk = {key: value for key, value in _context_in(CDK_JSON).items() if key == QUALIFIER}
    return {**of_the_cdk, **_context_in(options.settings), **dict(options.context)}


def _context_in(path: Path) -> dict[str, Any]:
    from stacks.settings.reading import ENCODING  # noqa: PLC0415 - as above

    content = json.loads(path.read_text(ENCODING))
    context = content.get("context", {}) if isinstance(content, dict) else {}
    return context if isinstance(context, dict) else {}


def _examine(deployment: "Deployment", qualifier: str | None, options: DoctorOptions) -> int:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

    from local.account import session_in  # noqa: PLC0415
    from local.doctor.account_reader import account_state_of  # noqa: PLC0415
    from local.doctor.examination import examined  # noqa: PLC0415
    from local.doctor.questions import NotAnsweredError, Questions  # noqa: PLC0415
    from local.doctor.verdicts import as_json, as_text, exit_code  # noqa: PLC0415

    try:
        session = session_in(options.region, options.profile)
        if not session.region_name:
            return complain("no Region; give --region, or set AWS_REGION")
        with waiting("asking the account"):
            account = account_state_of(deployment, Questions(session.client), session.region_name, qualifier)
    except (BotoCoreError, NotAnsweredError) as error:
        return complain(f"no AWS credentials that work: {with_next_step(error)}")
    verdicts = examined(deployment, account)
    if options.json:
        print(as_json(verdicts))
    else:
        screen().print(as_text(verdicts), soft_wrap=True)
    return exit_code(verdicts)


COMMAND = Command(
    options=DoctorOptions,
    run=_run,
    description="Asks AWS about what the settings name: credentials, bootstrap stack, quotas, resources and their "
    "policies. Prints ok, warning or stop for each, with what to do. `make deploy` runs it first.",
    examples=(
        "flowsentry doctor --profile production",
        "flowsentry doctor --settings examples/all-vpcs.json -c flowsentry.name=test",
        "flowsentry doctor --policy > doctor-policy.json",
    ),
    succeeds_when="the settings can be deployed, perhaps with warnings",
    fails_when="a deploy would fail, or the settings or the account could not be read",
    output="one object: each question with its verdict and what to do",
)
