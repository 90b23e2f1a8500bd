"""flowsentry doctor: the command."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.parse_command import complain

if TYPE_CHECKING:
    from stacks.settings.deployment import Deployment

CDK_JSON = Path(__file__).parents[2] / "cdk.json"
QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
"""The key of the CDK's context that says with which bootstrap stack it deploys.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html"""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "doctor",
        help="ask the account, read-only, whether the settings in cdk.json can be deployed into it",
        description="Asks AWS about what the settings name: credentials, bootstrap stack, quotas, resources and their "
        "policies. Prints ok, warning or stop for each, with what to do. Exit code 1 where a deploy would fail. "
        "`make deploy` runs it first.",
    )
    parser.add_argument("--region", help="AWS Region (default: AWS_REGION, AWS_DEFAULT_REGION, or of the profile)")
    parser.add_argument("--profile", help="AWS profile (default: from the environment)")
    parser.add_argument("--settings", type=Path, default=CDK_JSON, metavar="FILE", help="default: cdk.json")
    parser.add_argument(
        *("-c", "--context"),
        action="append",
        default=[],
        type=_context,
        metavar="KEY=VALUE",
        help="a setting over those of the file, as for cdk deploy: flowsentry.name=test",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--policy", action="store_true", help="print the IAM policy that doctor needs, and ask nothing")
    parser.set_defaults(run=_run)


def _context(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is no setting; use KEY=VALUE")
    return key, value


def _run(options: argparse.Namespace) -> int:
    from local.doctor.questions import policy  # noqa: PLC0415 - boto3 is slow to import; parse does not need it

    if options.policy:
        print(policy())
        return 0
    from stacks.settings.deployment import Deployment  # noqa: PLC0415
    from stacks.settings.reading import SettingsError  # noqa: PLC0415 - pydantic is slow to import

    try:
        context = _context_of(options)
        deployment = Deployment.from_context(context)
    except (OSError, ValueError, SettingsError) as error:
        return complain(error)
    return _examine(deployment, context.get(QUALIFIER), options)


def _context_of(options: argparse.Namespace) -> dict[str, Any]:
    """The context that `cdk deploy` would have. A file of settings may leave out what cdk.json says of the CDK."""
    of_the_cdk = {key: value for key, value in _context_in(CDK_JSON).items() if key == QUALIFIER}
    return {**of_the_cdk, **_context_in(options.settings), **dict(options.context)}


def _context_in(path: Path) -> dict[str, Any]:
    from stacks.settings.reading import ENCODING  # noqa: PLC0415 - as above

    content = json.loads(path.read_text(ENCODING))
    context = content.get("context", {}) if isinstance(content, dict) else {}
    return context if isinstance(context, dict) else {}


def _examine(deployment: "Deployment", qualifier: str | None, options: argparse.Namespace) -> int:
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
        account = account_state_of(deployment, Questions(session.client), session.region_name, qualifier)
    except (BotoCoreError, NotAnsweredError) as error:
        return complain(f"no AWS credentials that work: {error}; check --profile and the environment")
    verdicts = examined(deployment, account)
    print(as_json(verdicts) if options.json else as_text(verdicts))
    return exit_code(verdicts)
