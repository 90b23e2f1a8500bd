"""Generated filter patterns, matched with records by the documented rules."""

import pytest

from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from local.aws.monitoring.filter_patterns import matches
from stacks.limits.log_searches import FILTER_CHARACTERS
from stacks.log_queries.filter_patterns import conditions_of, missing_for, pattern_of
from stacks.settings.logged.log_queries import MetricFilter
from tests.stacks.log_queries.made_records import EXTENDED, FORMATS, RECORDS, SHUFFLED, flow, line

WEB = "10.0.1.10"
FILTERS = {
    "ssh": (MetricFilter(name="ssh", port=22), 4),
    "rdp": (MetricFilter(name="rdp", port=3389), 2),
    "rdp that was accepted": (MetricFilter(name="rdp", port=3389, action="ACCEPT"), 1),
    "udp to the port of ssh": (MetricFilter(name="udp", port=22, protocol="udp"), 1),
    "a port of a database": (MetricFilter(name="postgres", port=5432), 2),
    "a port that nobody used": (MetricFilter(name="telnet", port=23), 0),
    "rejects": (MetricFilter(name="rejects", action="REJECT"), 8),
    "accepted": (MetricFilter(name="accepted", action="ACCEPT"), 9),
}
by_format = pytest.mark.parametrize("log_format", FORMATS.values(), ids=FORMATS)


def counted(wanted: MetricFilter, log_format: str, lines: list[str]) -> int:
    pattern = pattern_of(log_format, conditions_of(wanted))
    return sum(matches(pattern, each) for each in lines)


@by_format
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_counts_the_records_that_meet_its_conditions(name: str, log_format: str) -> None:
    wanted, number = FILTERS[name]
    assert counted(wanted, log_format, [line(each, log_format) for each in RECORDS]) == number


@by_format
def test_neighbours_of_the_port_and_its_digits_in_other_fields_do_not_count(log_format: str) -> None:
    near = [
        flow("192.0.2.22", WEB, port, by=WEB, packets=22, size=22, source_port=22) for port in (2, 21, 23, 222, 2222)
    ]
    assert counted(FILTERS["ssh"][0], log_format, [line(each, log_format) for each in near]) == 0


def test_a_line_with_one_value_more_or_less_does_not_count() -> None:
    record = line(flow("192.0.2.1", WEB, 22, by=WEB), DEFAULT_LOG_FORMAT)
    lines = [record, f"{record} more", record.rpartition(" ")[0]]
    assert counted(FILTERS["ssh"][0], DEFAULT_LOG_FORMAT, lines) == 1


def test_the_pattern_of_the_default_format_has_its_fields_by_name() -> None:
    assert pattern_of(DEFAULT_LOG_FORMAT, conditions_of(MetricFilter(name="ssh", port=22, action="REJECT"))) == (
        "[version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport = 22, protocol = 6, packets, bytes, "
        'start, end, action = "REJECT", log_status]'
    )


def test_fields_of_a_format_too_long_for_their_names_are_named_by_position() -> None:
    words = [f"a-field-with-a-long-name-{number}" for number in range(60)]
    long = f"{DEFAULT_LOG_FORMAT} {' '.join(f'${{{word}}}' for word in words)}"
    pattern = pattern_of(long, conditions_of(FILTERS["ssh"][0]))
    assert len(pattern) <= FILTER_CHARACTERS
    assert pattern.startswith("[f1, f2, f3, f4, f5, f6, dstport = 22, protocol = 6, f9,")
    assert matches(pattern, line(flow("192.0.2.1", WEB, 22, by=WEB), long))


def test_the_pattern_of_every_field_fits() -> None:
    assert len(pattern_of(EXTENDED, conditions_of(MetricFilter(name="ssh", port=22, action="REJECT")))) <= 1024


def test_the_fields_that_a_filter_lacks_are_named() -> None:
    assert missing_for(FILTERS["ssh"][0], "${srcaddr} ${dstaddr} ${action}") == ["dstport", "protocol"]
    assert missing_for(FILTERS["rejects"][0], "${srcaddr} ${dstaddr} ${dstport}") == ["action"]
    assert missing_for(FILTERS["rdp that was accepted"][0], SHUFFLED) == []
