"""flowsentry demo: deploys the app into an emulated AWS, sends a company's traffic, and prints the alerts."""

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from local.aws.deployment.deploy import bootstrap
from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings, isolated
from local.child_processes import exits_on_signals
from local.console.showing import console_shown
from local.console.subjects.deployed import Deployed
from local.demo.account import created_company, deployed_app, output_bucket, settings_for
from local.demo.alerts import Delivered, Inbox
from local.demo.digest import send_digest
from local.demo.named_owners import enriched_rows, named_owners
from local.demo.sending import Sending
from local.demo.summary import Summary
from local.demo_command import DemoOptions
from local.terminal.links import print_text
from local.terminal.screen import screen
from local.traffic.generation import generate

MAX_SECONDS = 1_800
"""Without a terminal, the embedded AWS stops after this many seconds. Lower: a slow machine does not finish."""
QUIET_SECONDS = 300
ALARM_SECONDS = 60
"""Between two evaluations of alarms, as in CloudWatch."""


def demo(options: DemoOptions) -> int:
    """Exit code: 0 when exactly the expected alerts arrived, else 1. In a terminal, AWS stays up until Ctrl-C."""
    stays = sys.stdin.isatty() and sys.stdout.isatty()
    settings = Settings(max_seconds=86_400 if stays else MAX_SECONDS)
    results = sys.stdout
    try:
        with (
            exits_on_signals(),
            isolated(),
            contextlib.redirect_stdout(sys.stderr if options.json else results),
            EmbeddedAws.start(settings) as aws,
            contextlib.ExitStack() as shown,
        ):
            summary, link = _run(aws, options, shown)
            if options.json:
                print(*summary.json_lines(), sep="\n", file=results, flush=True)
            if stays:
                _stay(aws, link)
            return 0 if summary.is_as_expected else 1
    except KeyboardInterrupt:
        say("\nstopped")
        return 130


def say(line: str) -> None:
    """Prints one line and flushes it, so that a pipe gets it at once."""
    print(line, flush=True)


def _run(aws: EmbeddedAws, options: DemoOptions, shown: contextlib.ExitStack) -> tuple[Summary, str]:
    """What came of it, and the link of the console, which is entered into `shown` and ends with it."""
    say(f"emulated AWS: {aws.endpoint_url}, account {aws.account}, region {aws.region}")
    with ThreadPoolExecutor() as beside:
        bootstrapped = beside.submit(bootstrap, aws)
        company = created_company(aws, say)
        traffic_generated = beside.submit(generate, company, int(time.time()), seed=options.seed)
        bootstrapped.result()
        app = deployed_app(aws, company, say)
        traffic = traffic_generated.result()
    sending = Sending(aws, company, app, traffic)
    say(f"sending {sending.records:,} records of six hours through CloudWatch Logs and S3")
    with Inbox(aws, on_delivery=lambda alert: print_text(_shown(alert))) as inbox:
        data = Deployed(aws, settings_for(company), inbox.published.messages)
        link = "" if options.no_console else shown.enter_context(console_shown(data, options.console_port, say))
        sending.send_all(say)
        aws.wait_until_quiet(QUIET_SECONDS)
        send_digest(aws, say)
        alerts = inbox.drained()
        owners = named_owners(enriched_rows(aws, output_bucket(aws)), company)
        summary = Summary(aws, sending, owners, alerts, inbox.mails, inbox.digests, inbox.digested)
    for line in summary.lines():
        say(line)
    return summary, link


def _shown(alert: Delivered) -> str:
    bar = "─" * min(100, screen().width)
    return f"\n{bar}\n✉  {alert.subject}\n\n{alert.text.strip()}\n{bar}\n"


def _stay(aws: EmbeddedAws, link: str) -> None:
    if link:
        say(f"\nThe console stays up until Ctrl-C: {link}")
    say("\nThe emulated AWS stays up until Ctrl-C. To inspect it with any AWS tool:")
    for name, value in aws.environment().items():
        say(f"  export {name}={value}")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            aws.evaluate_alarms()
            time.sleep(ALARM_SECONDS)
