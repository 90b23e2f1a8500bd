"""Alarms on surges of rejected flows, by VPC, above what CloudWatch's anomaly detection expects."""

from collections.abc import Iterator

from stacks.monitoring.alarms.row import Missing, Row, of_vpc
from stacks.settings.deployment import Deployment

SURGE_MINUTES, SURGE_PERIODS, SURGE_FAILING = 15, 3, 2
"""Two of three quarters of an hour. The metric is stamped with the time of the records, which arrive up to 15 minutes
late: a quarter is complete when the next one ends, and each evaluation reads all three again. Shorter periods: they are
evaluated while most of their records are missing, and never after. Longer: a surge is reported later."""
BAND = 3
"""Standard deviations of the band. Lower: the alarm fires in ordinary weeks. Higher: only floods are reported.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html"""
OF_ENTRY = "reject-surge"


def alarms_on_surges(deployment: Deployment) -> Iterator[Row]:
    """An alarm for each VPC that the settings name, at most `reject_surge_alarms`."""
    for vpc_id in watched_vpcs(deployment):
        yield Row(
            name=f"{OF_ENTRY}-{vpc_id}",
            entry=OF_ENTRY,
            wrong=f"Far more flows are rejected in {vpc_id} than at this time of other days, in {SURGE_FAILING} of "
            f"{SURGE_PERIODS} periods of {SURGE_MINUTES} minutes.",
            measure=of_vpc("RejectedFlows", vpc_id, SURGE_MINUTES),
            band=BAND,
            periods=SURGE_PERIODS,
            failing=SURGE_FAILING,
            missing=Missing.GOOD,
            names=(("<vpc>", vpc_id), ("<processor>", _reader(deployment, vpc_id))),
        )


def watched_vpcs(deployment: Deployment) -> tuple[str, ...]:
    """The VPCs with an alarm, in their order."""
    known = deployment.reject_surge_vpc_ids or tuple(dict.fromkeys(deployment.vpc_ids))
    return known[: deployment.reject_surge_alarms]


def _reader(deployment: Deployment, vpc_id: str) -> str:
    """The function whose log has the lines about the VPC, as far as the settings state it."""
    return "object-processor" if vpc_id in deployment.vpcs_in_s3 else "stream-processor"
