"""The dashboard of the traffic: what passed, what was rejected, who sends most."""

from collections.abc import Iterator

from flowsentry.metric_names import TrafficMetric
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import Dashboard, Graph, Section

LOST_PACKETS: tuple[TrafficMetric, ...] = (
    "PacketsLostNoRoute",
    "PacketsLostBlackhole",
    "PacketsLostMtuExceeded",
    "PacketsLostTtlExpired",
)
NORMAL = """\
Graphs are by the minute of the records, which arrive 5 to 15 minutes late: the right end is always lower than it will \
be. Normal is the shape of yesterday and of last week. A flow that both of its ends logged counts once."""


def traffic(watched: Watched) -> Dashboard:
    """Traffic by VPC, and what transit gateways lost where there may be some."""
    return Dashboard("traffic", "Traffic", NORMAL, tuple(_sections(watched)))


def _sections(watched: Watched) -> Iterator[Section]:
    lines, vpc_ids = watched.lines, watched.vpc_ids
    yield Section(
        "How much passes",
        "Follows the work of the day. A step that stays is a new client, a backup or a copy of data.",
        (
            Graph("Bytes by VPC", lines.traffic("Bytes", vpc_ids)),
            Graph("Packets by VPC", lines.traffic("Packets", vpc_ids)),
            Graph("Flows by VPC", lines.traffic("Flows", vpc_ids)),
        ),
    )
    yield Section(
        "How much is rejected",
        "Inbound: a steady floor, the noise of the internet on public addresses. Outbound: near zero; each one is a "
        "host of yours that its own rules stop.",
        (
            Graph("Rejected flows by VPC", lines.traffic("RejectedFlows", vpc_ids)),
            Graph("Rejected inbound flows by VPC", lines.traffic("RejectedInboundFlows", vpc_ids)),
            Graph("Rejected outbound flows by VPC", lines.traffic("RejectedOutboundFlows", vpc_ids)),
        ),
    )
    if vpc_ids is None:
        label = "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}"
        lost = [lines.search(name, "transit_gateway", label) for name in LOST_PACKETS]
        yield Section(
            "What transit gateways lose",
            "Nothing. A blackhole or missing route loses every packet of a path until somebody mends the route table.",
            (Graph("Packets lost by transit gateways", lost),),
        )
