"""The whole of it on this machine: AWS, the deployed app, a company's traffic, alerts as they are delivered."""

import argparse
import contextlib
import sys
import time

from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings
from local.demo.account import deployed_app, founded_company, output_bucket
from local.demo.alerts import Delivered, Inbox
from local.demo.named_owners import enriched_rows, named_owners
from local.demo.sending import Sending
from local.demo.summary import Summary, quiet_found_at
from local.traffic.generation import generate

MAX_SECONDS = 1_800
"""The embedded AWS ends by itself after this long without a terminal, whatever happens."""
QUIET_SECONDS = 300
DIGEST_SECONDS = 62


def demo(options: argparse.Namespace) -> int:
    """0 when every alert that should come came and no other, else 1. With a terminal it stays until Ctrl-C."""
    stays = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        with EmbeddedAws.start(Settings(max_seconds=86_400 if stays else MAX_SECONDS)) as aws:
            code = _play(aws, options.seed)
            if stays:
                _stay(aws)
            return code
    except KeyboardInterrupt:
        say("\nstopped")
        return 130


def say(line: str) -> None:
    """Prints one line at once, also into a pipe."""
    print(line, flush=True)


def _play(aws: EmbeddedAws, seed: int) -> int:
    say(f"AWS on this machine: {aws.endpoint_url}, account {aws.account}, region {aws.region}")
    company = founded_company(aws, say)
    app = deployed_app(aws, company, say)
    traffic = generate(company, int(time.time()), seed=seed)
    sending = Sending(aws, company, app, traffic)
    say(f"sending {sending.records:,} records of six hours, through CloudWatch Logs and S3")
    with Inbox(aws, on_delivery=lambda alert: say(_shown(alert))) as inbox:
        sending.send_all(say)
        aws.wait_until_quiet(QUIET_SECONDS)
        _send_digest(aws)
        alerts = inbox.drained()
        owners = named_owners(enriched_rows(aws, output_bucket(aws)), company)
        summary = Summary(aws, sending, owners, alerts, inbox.mails, inbox.digests, inbox.told_in_digests)
    for line in summary.lines():
        say(line)
    return 0 if summary.is_as_expected else 1


def _send_digest(aws: EmbeddedAws) -> None:
    """The notifier's schedule comes once the digest's window of a minute is over."""
    oldest = min(quiet_found_at(aws), default=0)
    say("waiting for the digest's window of one minute to end")
    time.sleep(max(0, oldest + DIGEST_SECONDS - time.time()))
    aws.fire_schedules()
    aws.wait_until_quiet(QUIET_SECONDS)


def _shown(alert: Delivered) -> str:
    bar = "─" * 100
    return f"\n{bar}\n✉  {alert.subject}\n\n{alert.text.strip()}\n{bar}\n"


def _stay(aws: EmbeddedAws) -> None:
    say("\nIt stays up until Ctrl-C. To look around with any AWS tool:")
    for name, value in aws.environment().items():
        say(f"  export {name}={value}")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3_600)
