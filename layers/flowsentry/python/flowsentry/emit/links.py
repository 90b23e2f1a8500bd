"""Links into the AWS console that survive a plain-text mail."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flowsentry.emit.investigation import Sought


@dataclass(frozen=True, slots=True)
class Places:
    """What messages may point to; what is empty is not pointed to. `log_groups` are those that flow logs are in,
    `vpcs_in_s3` those whose flow logs are in none; `athena_table` is `database.table` of the enriched flows.
    """

    region: str = ""
    partition: str = "aws"
    account_id: str = ""
    log_groups: tuple[str, ...] = ()
    vpcs_in_s3: tuple[str, ...] = ()
    athena_table: str = ""
    athena_workgroup: str = ""
    deployment: str = "flowsentry"


MAX_LINK_LETTERS = 2_000
"""Of a link, beyond which programs cut links. With more log groups than fit, the last ones are left out."""
MAX_LOG_GROUPS = 5
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_LOG_GROUP = re.compile(r"[\w./#-]{1,512}", re.ASCII)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""


def insights_link(query: str, sought: Sought, places: Places) -> str:
    """The console's Logs Insights with the query and the time filled in; empty where there is no log group to look in,
    or no such console.
    """
    console = _CONSOLES.get(places.partition)
    groups = [group for group in places.log_groups if _LOG_GROUP.fullmatch(group)][:MAX_LOG_GROUPS]
    if not console or not _REGION.fullmatch(places.region):
        return ""
    home = f"https://{places.region}.{console}/cloudwatch/home?region={places.region}#logsV2:logs-insights"
    longest_first = (groups[:number] for number in range(len(groups), 0, -1))
    links = (f"{home}{_in_fragment(_detail(query, sought, some))}" for some in longest_first)
    return next((link for link in links if len(link) <= MAX_LINK_LETTERS), "")


def _detail(query: str, sought: Sought, groups: Sequence[str]) -> str:
    """The console's `queryDetail`, an object in JSURL (https://github.com/Sage/jsurl):
    `~(end~'2026…~start~'…~source~(~'group-1~'group-2))`.
    """
    fields = {
        "end": _instant(sought.last_moment),
        "start": _instant(sought.first_moment),
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": query,
    }
    told = "~".join(f"{name}~{_escaped(value)}" for name, value in fields.items())
    return f"~({told}~source~({''.join(f'~{_escaped(group)}' for group in groups)}))"


def _escaped(text: str) -> str:
    return "'" + "".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    """Letters, digits and `_-.` as they are, others as `*` and two hexadecimal digits; ours are all ASCII."""
    for letter in text:
        yield letter if letter.isalnum() or letter in "_-." else f"*{ord(letter):02x}"


def _in_fragment(detail: str) -> str:
    """As the console writes it behind the `#`: encoded twice, with `$` for `%`. Once would do for the console, but
    mail programs end a link at a bracket or a quote.
    """
    query_string = f"?queryDetail={quote(detail, safe='*')}".replace("~", "%7E")
    return quote(query_string, safe="*").replace("~", "%7E").replace("%", "$")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
