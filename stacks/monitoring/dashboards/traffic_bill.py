"""The dashboard of the traffic bill: what traffic costs by path, and who causes it."""

from collections.abc import Iterator

from flowsentry.emit.log_lines.report import Report
from flowsentry.metric_names import namespace_of
from flowsentry.records.charged_paths import BILLED_PATHS, UNKNOWN_PATH, BilledPath
from stacks.monitoring.dashboards.lines import PROCESSORS
from stacks.monitoring.dashboards.log_queries import Query, known, lines_of, sums_by
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import HALF, Dashboard, Expression, Graph, Line, LogTable, Section
from stacks.prices.meter import AS_OF, BYTES_IN_GB
from stacks.prices.traffic import quotes

WORDS: dict[BilledPath, str] = {
    "inter_az": "between zones",
    "nat_gateway": "NAT gateways",
    "internet": "internet",
    "transit_gateway": "transit gateways",
    "vpc_peering": "VPC peering",
    "vpc_endpoint": "interface endpoints",
    "inter_region": "other Regions",
}
NORMAL = """\
Normal is the shape of last week. Bytes are from flow logs, each once on each path that AWS charges; dollars are bytes \
times a price, without free tiers and discounts for volume, and without hourly prices. The bill of AWS has the exact \
sums, and this dashboard who causes them. What flow logs can't tell is at the end: docs/traffic-bill.md."""
AMOUNT = "sum(ChargedBytes) as bytes"
OWNER, KIND = known("owner", "charged_owner"), known("owner_kind", "kind")


def traffic_bill(watched: Watched) -> Dashboard:
    """Dollars and bytes by path, the owners of each path, and what is not known."""
    return Dashboard("traffic-bill", "Traffic bill", NORMAL, (_dollars(watched), *_owners(), _unknown()))


def _dollars(watched: Watched) -> Section:
    bytes_ = [_line(watched, path) for path in BILLED_PATHS]
    hidden = [each.for_expressions(each.id) for each in bytes_]
    prices = quotes(watched.prices.region, watched.prices.own)
    dollars = [
        Expression(f"FILL({path}, 0) * {prices[path].usd / BYTES_IN_GB:.16f}", f"{WORDS[path]} ($)", id=f"usd_{path}")
        for path in BILLED_PATHS
    ]
    return Section(
        "What does traffic cost?",
        f"NAT gateways and the internet are most of it nearly everywhere; between zones much where services call each "
        f"other. List prices of {watched.prices.region} of {AS_OF}, where the settings have no `prices`.",
        (
            Graph("Cost of traffic in this time range ($)", [*hidden, *dollars], HALF, as_number=True),
            Graph("Charged bytes every 5 minutes", bytes_, HALF, stacked=True),
            Graph("Cost of traffic every 5 minutes ($)", [*hidden, *dollars], 24, stacked=True),
        ),
    )


def _line(watched: Watched, path: BilledPath) -> Line:
    return Line(namespace_of(watched.deployment), "ChargedBytes", {"path": path}, WORDS[path], id=path)


def _owners() -> Iterator[Section]:
    yield Section(
        "Who causes it?",
        "The same few owners every day. Behind NAT gateways: a host that fetches from S3 or an AWS service, for which "
        "an endpoint costs less or nothing. Between zones: pairs of services that could prefer their own zone. Hosts "
        "are named on the inner side of a gateway; what a NAT gateway sends to the internet is the gateway's.",
        (
            _table("Owners by path", ("path as charged_path", OWNER, KIND), width=24),
            _table("Who uses NAT gateways", (OWNER, KIND), "nat_gateway"),
            _table("Who sends to other zones", (OWNER, KIND), "inter_az"),
            _table("Who sends to the internet", (OWNER, KIND), "internet"),
            _table("Who uses interface endpoints", (OWNER, KIND), "vpc_endpoint"),
        ),
    )


def _unknown() -> Section:
    return Section(
        "What is not in it?",
        "Near zero, with a format that has `az-id`, `traffic-path` and `pkt-dst-aws-service`, and with an inventory. "
        "Bytes without a known path: the zone of an end, or the way to it, is unknown.",
        (
            LogTable(
                "Bytes without a known path",
                PROCESSORS,
                (*_of_path(UNKNOWN_PATH), *sums_by(("path as charged_path",), "sum(unknown_path_bytes) as bytes")),
            ),
        ),
    )


def _table(title: str, columns: tuple[str, ...], path: str = "", width: int = HALF) -> LogTable:
    lines = _of_path(path) if path else (*lines_of(Report.TRAFFIC_BILL), "filter ispresent(ChargedBytes)")
    return LogTable(title, PROCESSORS, (*lines, *sums_by(columns, AMOUNT)), width)


def _of_path(path: str) -> Query:
    return (*lines_of(Report.TRAFFIC_BILL), f'filter path = "{path}"')
