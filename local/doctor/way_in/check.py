"""Says which way in is cheaper for the volume that the account logs, and whether the data stream is."""

from collections.abc import Iterator
from dataclasses import replace

from local.cost.lines import Plan, through_cloudwatch, total
from local.cost.measured import measured
from local.cost.volume import Volume
from local.cost.ways_in import S3, Comparison, compared
from local.doctor.account_state import AccountState, LoggedVolume
from local.doctor.verdicts import Verdict, ok, warning
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH
from stacks.settings.logged.delivery import S3 as TO_S3

MIN_SAVED = 20.0
"""Dollars a month from which the other way in is a warning. Higher: more is paid unnoticed. Lower: advice that is not
worth a change, which replaces flow logs."""
ABOUT, ABOUT_STREAM = "way in", "data stream"


def way_in(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The cost of both ways in, and of payloads with and without the data stream, at list prices; a warning where the
    settings have the one that is clearly dearer.
    """
    known = account.logged_volume
    if known is None or known.gigabytes is None:
        yield ok(
            ABOUT, "the volume of the flow logs is unknown; docs/cost.md compares CloudWatch Logs and S3 by volume"
        )
        return
    plan = Plan(
        account.region,
        deployment.stream_processor.memory_mb,
        deployment.object_processor.memory_mb,
        deployment.log_retention_days,
        deployment.enriched_retention_days,
        _is_streamed(deployment),
        deployment.payload_stream.shards,
        deployment.payload_stream.batch_payloads,
        deployment.payload_stream.window_seconds,
    )
    volume = Volume(known.gigabytes, known.interfaces, known.flow_logs)
    comparison = compared(volume, measured(), plan)
    finding = _finding(known, comparison, account.region)
    dearer = CLOUDWATCH if comparison.cheaper == S3 else TO_S3
    if comparison.saved < MIN_SAVED or {each.destination for each in deployment.sources} != {dearer}:
        yield ok(ABOUT, finding)
    else:
        other = TO_S3 if dearer == CLOUDWATCH else CLOUDWATCH
        yield warning(ABOUT, finding, f'Set destination to "{other}", unless you want the logs where they are now.')
    if deployment.uses(CLOUDWATCH):
        yield _data_stream(volume, plan)


def _is_streamed(deployment: Deployment) -> bool:
    """Whether payloads go through the stream: those of any log group, or by default where there is none."""
    return bool(deployment.streamed_log_groups) or not deployment.uses(CLOUDWATCH)


def _data_stream(volume: Volume, plan: Plan) -> Verdict:
    streamed, direct = (
        total(through_cloudwatch(volume, measured(), replace(plan, kinesis=each))) for each in (True, False)
    )
    cheaper, saved = ("the data stream is" if streamed < direct else "no data stream is"), abs(streamed - direct)
    finding = (
        f"{cheaper} cheaper by ${saved:,.0f} a month: payloads of {volume.interfaces:,} network interfaces cost "
        f"${streamed:,.0f} with it and ${direct:,.0f} without it"
    )
    if saved < MIN_SAVED or plan.kinesis == (streamed < direct):
        return ok(ABOUT_STREAM, finding)
    other = "true" if streamed < direct else "false"
    return warning(ABOUT_STREAM, finding, f"Set kinesis to {other} for the sources and existing log groups.")


def _finding(known: LoggedVolume, comparison: Comparison, region: str) -> str:
    return (
        f"{comparison.cheaper} is cheaper by ${comparison.saved:,.0f} a month: for {known.gigabytes:,.1f} GB of "
        f"{known.interfaces:,} network interfaces and {known.flow_logs:,} flow logs, CloudWatch Logs costs "
        f"${comparison.cloudwatch:,.0f} and S3 ${comparison.s3:,.0f}, at list prices of {region}"
    )
