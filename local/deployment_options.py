"""Options of commands that ask a deployment in AWS: its name, Region and profile."""

from dataclasses import dataclass
from typing import Annotated

import typer

from local.terminal.command import Options

Region = Annotated[
    str | None,
    typer.Option(metavar="REGION", help="AWS Region (default: AWS_REGION, AWS_DEFAULT_REGION, or of the profile)"),
]
Profile = Annotated[str | None, typer.Option(metavar="NAME", help="AWS profile (default: from the environment)")]


@dataclass(frozen=True, kw_only=True)
class DeploymentOptions(Options):
    """Which deployment."""

    deployment: Annotated[str, typer.Option(metavar="NAME", help="name of the deployment (default flowsentry)")] = (
        "flowsentry"
    )
    region: Region = None
    profile: Profile = None
