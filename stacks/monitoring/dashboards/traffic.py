"""The dashboard of the traffic: what passed, who sends most to whom, and what was rejected."""

from collections.abc import Iterator

from flowsentry.emit.log_lines.report import Report
from flowsentry.metric_names import TrafficMetric
from stacks.monitoring.dashboards.lines import PROCESSORS
from stacks.monitoring.dashboards.log_queries import items_of, known, sums_by
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import HALF, THIRD, Dashboard, Graph, LogTable, Section

LOST_PACKETS: tuple[TrafficMetric, ...] = (
    "PacketsLostNoRoute",
    "PacketsLostBlackhole",
    "PacketsLostMtuExceeded",
    "PacketsLostTtlExpired",
)
NORMAL = """\
Normal is the shape of yesterday and of last week. Graphs are by the minute of the records, which arrive 5 to 15 \
minutes late: the right end is always lower than it will be. A flow that both of its ends logged counts once. Tables \
add up the busiest of each payload and object (setting `top_talkers`), by the time of processing: who is never among \
the busiest is missing, and sums are a little low."""
BYTES, PACKETS = "sum(row.bytes) as bytes", "sum(row.packets) as packets"
SOURCE, DESTINATION = "row.source as source", "row.destination as destination"
SOURCE_OWNER, DESTINATION_OWNER = (known(f"row.{end}_owner", f"{end}_owner") for end in ("source", "destination"))
COUNTRY = 'coalesce(row.source_country, row.destination_country, "-") as country'


def traffic(watched: Watched) -> Dashboard:
    """Traffic by VPC, talkers, rejections, and what transit gateways lost where there may be some."""
    gateways = _transit_gateways(watched) if watched.vpc_ids is None else ()
    sections = (*_amounts(watched), *_talkers(), *_rejections(watched), *gateways)
    return Dashboard("traffic", "Traffic", NORMAL, sections)


def _amounts(watched: Watched) -> Iterator[Section]:
    lines, vpc_ids = watched.lines, watched.vpc_ids
    yield Section(
        "How much passes?",
        "Follows the work of the day. A step that stays is a new client, a backup or a copy of data.",
        (
            Graph("Accepted and rejected flows", lines.accepted_and_rejected(), stacked=True),
            Graph("Bytes by VPC", lines.traffic("Bytes", vpc_ids)),
            Graph("Packets by VPC", lines.traffic("Packets", vpc_ids)),
            Graph("Flows by VPC", lines.traffic("Flows", vpc_ids)),
            _table(
                "Bytes by direction and path",
                "passages",
                "direction",
                sums_by(("row.direction as direction", known("row.path", "path")), BYTES, PACKETS),
                2 * THIRD,
            ),
        ),
    )


def _talkers() -> Iterator[Section]:
    yield Section(
        "Who sends most, and to whom?",
        "The same few databases, load balancers, gateways and backups every day. Look at a name that is new here, and "
        "at an address without an owner. A path needs a format with `traffic-path`, a country a database of addresses.",
        (
            _conversations("Top talkers by bytes", (SOURCE, SOURCE_OWNER), BYTES, PACKETS),
            _conversations("Top talkers by packets", (SOURCE, SOURCE_OWNER), PACKETS, BYTES),
            _conversations("Top owners by bytes", (SOURCE_OWNER,), BYTES, PACKETS),
            _conversations("Top receivers by bytes", (DESTINATION, DESTINATION_OWNER), BYTES, PACKETS),
            _conversations(
                "Top pairs by bytes", (SOURCE, SOURCE_OWNER, DESTINATION, DESTINATION_OWNER), BYTES, PACKETS, width=24
            ),
            _conversations("Ports by bytes", ("row.port as port",), BYTES, PACKETS),
            _conversations("Countries by bytes", (COUNTRY,), BYTES, PACKETS),
        ),
    )


def _rejections(watched: Watched) -> Iterator[Section]:
    lines, vpc_ids = watched.lines, watched.vpc_ids
    owner, country = known("row.owner", "owner"), known("row.country", "country")
    flows = "sum(row.flows) as flows"
    yield Section(
        "What is rejected?",
        "Inbound: a steady floor, the noise of the internet on public addresses. Outbound: near zero; each one is a "
        "host of yours that its own rules stop, and its owner is in the tables.",
        (
            Graph("Rejected flows by VPC", lines.traffic("RejectedFlows", vpc_ids)),
            Graph("Rejected inbound flows by VPC", lines.traffic("RejectedInboundFlows", vpc_ids)),
            Graph("Rejected outbound flows by VPC", lines.traffic("RejectedOutboundFlows", vpc_ids)),
            Graph("Rejected flows, when processed", lines.by_processor("RejectsSeen")),
            _table(
                "Rejected sources",
                "rejected_sources",
                "source",
                sums_by((SOURCE, owner, country), flows, "max(row.targets) as targets"),
            ),
            _table(
                "Rejected targets",
                "rejected_targets",
                "destination",
                sums_by((DESTINATION, "row.port as port", owner), flows, "max(row.sources) as sources"),
            ),
        ),
    )


def _transit_gateways(watched: Watched) -> Iterator[Section]:
    label = "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}"
    lost = [watched.lines.search(name, "transit_gateway", label) for name in LOST_PACKETS]
    yield Section(
        "What do transit gateways lose?",
        "Nothing. A blackhole or missing route loses every packet of a path until somebody mends the route table.",
        (Graph("Packets lost by transit gateways", lost),),
    )


def _conversations(title: str, columns: tuple[str, ...], *sums: str, width: int = HALF) -> LogTable:
    return _table(title, "conversations", "source", sums_by(columns, *sums), width)


def _table(title: str, items: str, key: str, shown: tuple[str, ...], width: int = HALF) -> LogTable:
    return LogTable(title, PROCESSORS, (*items_of(Report.TALKERS, items, key), *shown), width)
