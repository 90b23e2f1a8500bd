"""flowsentry demo: deploys the app into an emulated AWS, sends a company's traffic, and prints the alerts."""

from dataclasses import dataclass
from typing import Annotated

import typer

from local.console.port import PORT, ConsolePort
from local.terminal.command import Command, Options


@dataclass(frozen=True, kw_only=True)
class DemoOptions(Options):
    """Of flowsentry demo."""

    seed: Annotated[
        int,
        typer.Option(metavar="N", help="seed of the random traffic (default 1); the same seed gives the same traffic"),
    ] = 1
    console_port: ConsolePort = PORT
    json: Annotated[
        bool, typer.Option("--json", help="print the alerts as JSON lines at the end, and all else on stderr")
    ] = False
    no_console: Annotated[
        bool, typer.Option("--no-console", help="serve no console, the web page that shows the demo while it runs")
    ] = False


def run(options: DemoOptions) -> int:
    """Exit code: 0 when exactly the expected alerts arrived, else 1."""
    from local.demo import demo  # noqa: PLC0415 - the embedded AWS takes a second to import; --help does not need it

    return demo(options)


COMMAND = Command(
    options=DemoOptions,
    run=run,
    description="Starts an emulated AWS on this machine, deploys the CDK app into it, sends the traffic of an invented "
    "company through CloudWatch Logs and S3, and prints the alerts as they are delivered. The console, a web page on "
    "127.0.0.1, shows the dashboards, the alerts and the traffic meanwhile.",
    examples=("flowsentry demo", "flowsentry demo --seed 7", "flowsentry demo --no-console"),
    succeeds_when="exactly the expected alerts arrived",
    fails_when="an expected alert is missing, or an unexpected one arrived",
    output="a line for each alert: finding as it is published, and delivered_at; and a last line with the result",
)
