"""Search terms → queries for CloudWatch Logs Insights and for Athena, and a console link."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from flowsentry.emit.search_terms import SearchTerms, is_interface
from flowsentry.inventory.source_address import is_network, spellings_of
from flowsentry.value import Value


class AccountResources(Value, frozen=True):
    """The deployment's resources that messages name; empty ones are left out. `log_groups` are those of flow logs,
    `vpcs_in_s3` the VPCs whose flow logs go to S3 only; `athena_table` is `database.table` of the enriched flows.
    """

    region: str = ""
    partition: str = "aws"
    account_id: str = ""
    log_groups: tuple[str, ...] = ()
    vpcs_in_s3: tuple[str, ...] = ()
    athena_table: str = ""
    athena_workgroup: str = ""
    deployment: str = "flowsentry"


NO_RESOURCES = AccountResources()
"""For messages without links, queries or commands."""

MAX_INSIGHTS_ROWS = 1_000
MAX_ATHENA_ROWS = 200
DELIVERY_SECONDS = 6 * 3_600
"""How much later than a record the newest record of its enriched object may end, whose hour is the partition: seconds,
or hours in what was delivered after an outage. Longer: a query about the past reads more objects. Shorter: it misses
records of after an outage."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ADDRESSES = "srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr"


def insights_query(search_terms: SearchTerms) -> str:
    """A query over the text of records, so that it fits every log format: fields are words between spaces."""
    words = [*search_terms.ends, *(["SKIPDATA"] if is_interface(search_terms.ends[0]) else [])]
    filters = [_is_there([word]) for word in words]
    filters += [_is_there(list(map(str, search_terms.ports)))] if search_terms.ports else []
    lines = ["fields @timestamp, @message", *filters, "sort @timestamp", f"limit {MAX_INSIGHTS_ROWS}"]
    return "\n| ".join(lines)


def athena_query(search_terms: SearchTerms, table: str) -> str:
    """A query over the enriched flows; empty if the name of the table is not valid."""
    parts = table.split(".")
    if not all(_NAME.fullmatch(part) for part in parts):
        return ""
    return "\n".join(
        (
            'SELECT from_unixtime("start") AS began, action, coalesce(pkt_srcaddr, srcaddr) AS source, srcport,',
            "  source_owner_name, coalesce(pkt_dstaddr, dstaddr) AS destination, dstport, destination_owner_name,",
            "  protocol, packets, bytes, refused_by, refused_rule, interface_id",
            f"FROM {'.'.join(_quoted(part) for part in parts)}",
            f"WHERE {_condition(search_terms)}",
            'ORDER BY "start"',
            f"LIMIT {MAX_ATHENA_ROWS}",
        )
    )


def _is_there(words: Sequence[str]) -> str:
    """A filter for records that have one of the words as a field."""
    patterns = [each for word in words for each in _patterns(word)]
    either = patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"
    return f"filter @message like /(^| ){either}( |$)/"


def _patterns(word: str) -> Sequence[str]:
    """Regular expressions for a word; for a /64, those that match all of its addresses."""
    return spellings_of(word) if is_network(word) else [word.replace(".", r"\.")]


def _condition(search_terms: SearchTerms) -> str:
    began, delivered = search_terms.first_moment, datetime.fromtimestamp(search_terms.last + DELIVERY_SECONDS, UTC)
    conditions = [
        f"day BETWEEN '{began:%Y-%m-%d}' AND '{delivered:%Y-%m-%d}'",
        f"day || 'T' || hour BETWEEN '{began:%Y-%m-%dT%H}' AND '{delivered:%Y-%m-%dT%H}'",
        f'"start" BETWEEN {search_terms.first} AND {search_terms.last}',
        *map(_has, search_terms.ends),
    ]
    if search_terms.ports:
        ports = ", ".join(map(str, search_terms.ports))
        conditions.append(f"(srcport IN ({ports}) OR dstport IN ({ports}))")
    return "\n  AND ".join(conditions)


def _has(end: str) -> str:
    if is_interface(end):
        return f"{'interface_id' if end.startswith('eni-') else 'tgw_attachment_id'} = '{end}'"
    if is_network(end):
        return f"any_match(ARRAY[{_ADDRESSES}], each -> regexp_like(each, '^({'|'.join(spellings_of(end))})$'))"
    return f"'{end}' IN ({_ADDRESSES})"


def _quoted(name: str) -> str:
    return f'"{name}"'


MAX_LINK_LETTERS = 2_000
"""Longer links are cut by mail programs. If more log groups are given than fit, the last ones are left out."""
MAX_LOG_GROUPS = 5
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_LOG_GROUP = re.compile(r"[\w./#-]{1,512}", re.ASCII)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""


def insights_link(query: str, search_terms: SearchTerms, resources: AccountResources) -> str:
    """A link to Logs Insights in the console with query and time filled in; empty without a log group, or for a
    partition without a console.
    """
    console = _CONSOLES.get(resources.partition)
    groups = [group for group in resources.log_groups if _LOG_GROUP.fullmatch(group)][:MAX_LOG_GROUPS]
    if not console or not _REGION.fullmatch(resources.region):
        return ""
    home = f"https://{resources.region}.{console}/cloudwatch/home?region={resources.region}#logsV2:logs-insights"
    longest_first = (groups[:number] for number in range(len(groups), 0, -1))
    links = (f"{home}{_in_fragment(_detail(query, search_terms, some))}" for some in longest_first)
    return next((link for link in links if len(link) <= MAX_LINK_LETTERS), "")


def _detail(query: str, search_terms: SearchTerms, groups: Sequence[str]) -> str:
    """The console's `queryDetail`, an object in JSURL (https://github.com/Sage/jsurl):
    `~(end~'2026…~start~'…~source~(~'group-1~'group-2))`.
    """
    fields = {
        "end": _instant(search_terms.last_moment),
        "start": _instant(search_terms.first_moment),
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": query,
    }
    parts = "~".join(f"{name}~{_escaped(value)}" for name, value in fields.items())
    return f"~({parts}~source~({''.join(f'~{_escaped(group)}' for group in groups)}))"


def _escaped(text: str) -> str:
    return "'" + "".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    """Letters, digits and `_-.` unchanged, others as `*` and two hexadecimal digits; the text is ASCII."""
    for letter in text:
        yield letter if letter.isalnum() or letter in "_-." else f"*{ord(letter):02x}"


def _in_fragment(detail: str) -> str:
    """Encoded as the console does after the `#`: twice, with `$` for `%`. The console accepts it encoded once, but mail
    programs end a link at a bracket or a quote.
    """
    query_string = f"?queryDetail={quote(detail, safe='*')}".replace("~", "%7E")
    return quote(query_string, safe="*").replace("~", "%7E").replace("%", "$")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
