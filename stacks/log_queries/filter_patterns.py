"""Filter patterns of CloudWatch Logs for flow log records, by their log format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from collections.abc import Mapping

from flowsentry.records.fields import column_of, names_in_log_format
from stacks.limits.log_searches import FILTER_CHARACTERS
from stacks.settings.logged.log_queries import MetricFilter

PROTOCOL_NUMBERS = {"tcp": 6, "udp": 17}


def conditions_of(wanted: MetricFilter) -> dict[str, str]:
    """{field: condition} of a metric filter. A condition on a number has no quotes, so it holds for the number only,
    and not for the `-` of a record without traffic.
    """
    port = {"dstport": f"= {wanted.port}", "protocol": f"= {PROTOCOL_NUMBERS[wanted.protocol]}"} if wanted.port else {}
    return port | ({"action": f'= "{wanted.action}"'} if wanted.action else {})


def missing_for(wanted: MetricFilter, log_format: str) -> list[str]:
    """The fields that a metric filter would need, and the format lacks."""
    names = names_in_log_format(log_format)
    return [name for name in conditions_of(wanted) if name not in names]


def pattern_of(log_format: str, conditions: Mapping[str, str]) -> str:
    """The pattern of records of this format that meet all conditions. It has a name for each value, because a pattern
    matches only lines with as many values as it has names.

    In a format whose names do not fit into 1,024 characters, a field without a condition is named by its position.
    """
    names = names_in_log_format(log_format)
    full = _pattern({name: column_of(name) for name in names}, conditions)
    if len(full) <= FILTER_CHARACTERS:
        return full
    return _pattern(
        {name: column_of(name) if name in conditions else f"f{at}" for at, name in enumerate(names, 1)}, conditions
    )


def _pattern(shown: Mapping[str, str], conditions: Mapping[str, str]) -> str:
    parts = (f"{each} {conditions[name]}" if name in conditions else each for name, each in shown.items())
    return f"[{', '.join(parts)}]"
