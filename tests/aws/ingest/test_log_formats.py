"""Log formats: from the parameter or EC2, or refused; never guessed, and cached to limit calls."""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from flowsentry.aws import clients
from flowsentry.aws.ingest.log_formats import MAX_AGE_SECONDS, LogFormats
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.moto_world import LOG_FORMATS_PARAMETER, LOG_GROUP, make_flow_log, make_log_formats

OTHER_GROUP = "/other/group"
SHORT, LONG = "${version} ${srcaddr}", "${version} ${srcaddr} ${dstaddr}"


def flow_log(log_format: str, status: str = "ACTIVE") -> dict[str, str]:
    return {"LogFormat": log_format, "FlowLogStatus": status, "LogGroupName": OTHER_GROUP}


class Ec2:
    """An EC2 client that returns these flow logs page by page, or fails, and counts its calls."""

    def __init__(self, *pages: Sequence[dict[str, str]], error: Exception | None = None) -> None:
        self.pages, self.error = pages, error
        self.filters: list[Any] = []

    def get_paginator(self, name: str) -> "Ec2":
        assert name == "describe_flow_logs"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        self.filters.append(arguments["Filters"])
        if self.error:
            raise self.error
        return iter([{"FlowLogs": list(page)} for page in self.pages])


class Clock:
    """A clock that is set by hand."""

    now = 1_793_676_000.0

    def __call__(self) -> float:
        return self.now


def formats(ec2: Ec2 | None = None, clock: Clock | None = None) -> LogFormats:
    client: Any = ec2 or clients.ec2()
    return LogFormats(LOG_FORMATS_PARAMETER, clients.ssm(), lambda: client, clock or Clock())


def refused(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeFlowLogs")


def refusal(known: LogFormats, log_group: str = OTHER_GROUP) -> PoisonError:
    with pytest.raises(PoisonError) as poison:
        known.of(log_group)
    return poison.value


def test_a_group_in_the_parameter_has_its_format_without_a_call_to_ec2() -> None:
    make_log_formats()
    ec2 = Ec2()
    assert formats(ec2).of(LOG_GROUP) == (DEFAULT_LOG_FORMAT,)
    assert ec2.filters == []


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (SHORT, (SHORT,)),
        ([SHORT], (SHORT,)),
        ([LONG, SHORT, LONG], (LONG, SHORT)),
    ],
)
def test_the_parameter_may_state_several_formats_whose_order_is_kept(stated: object, expected: tuple[str, ...]) -> None:
    make_log_formats({LOG_GROUP: stated})
    assert formats(Ec2()).of(LOG_GROUP) == expected


@pytest.mark.parametrize("stated", [5, None, {"format": SHORT}, [SHORT, 5], [[SHORT]]])
def test_an_invalid_format_in_the_parameter_raises_poison_that_shows_it(stated: object) -> None:
    make_log_formats({LOG_GROUP: stated})
    poison = refusal(formats(Ec2()), LOG_GROUP)
    assert poison.reason == "bad-log-format"
    assert f"'{LOG_GROUP}'" in str(poison)
    assert repr(stated) in str(poison)


def test_a_group_outside_the_parameter_has_the_format_of_its_flow_logs() -> None:
    make_log_formats()
    for group, log_format in ((OTHER_GROUP, LONG), ("/another/group", SHORT), (OTHER_GROUP, DEFAULT_LOG_FORMAT)):
        make_flow_log(group, log_format)
    assert formats().of(OTHER_GROUP) == (DEFAULT_LOG_FORMAT, LONG)


@pytest.mark.parametrize("stated", ["", []])
def test_a_group_with_an_empty_value_counts_as_outside_the_parameter(stated: object) -> None:
    make_log_formats({OTHER_GROUP: stated})
    assert formats(Ec2([flow_log(SHORT)])).of(OTHER_GROUP) == (SHORT,)


def test_only_flow_logs_of_the_group_are_requested() -> None:
    make_log_formats()
    ec2 = Ec2([flow_log(SHORT)])
    formats(ec2).of(OTHER_GROUP)
    assert ec2.filters == [[{"Name": "log-group-name", "Values": [OTHER_GROUP]}]]


def test_flow_logs_of_all_pages_give_distinct_sorted_formats() -> None:
    make_log_formats()
    pages: list[list[dict[str, str]]] = [[flow_log(SHORT)], [], [flow_log(LONG), flow_log(SHORT)]]
    expected = {formats(Ec2(*order)).of(OTHER_GROUP) for order in itertools.permutations(pages)}
    assert len(expected) == 1
    assert sorted(expected.pop()) == sorted((SHORT, LONG))


def test_an_inactive_flow_log_is_ignored() -> None:
    make_log_formats()
    assert formats(Ec2([flow_log(LONG, "DELETED"), flow_log(SHORT)])).of(OTHER_GROUP) == (SHORT,)
    assert refusal(formats(Ec2([flow_log(LONG, "DELETED")]))).reason == "unknown-log-group"


def test_a_group_without_a_format_raises_poison_that_says_what_to_do() -> None:
    make_log_formats()
    poison = refusal(formats())
    assert poison.reason == "unknown-log-group"
    assert "'/other/group' has no log format in parameter /flowsentry/log-formats" in str(poison)
    assert str(poison).endswith("no active flow log of this account and Region writes to it: add it, then redrive")


def test_a_group_added_to_the_parameter_is_found_at_once() -> None:
    make_log_formats({})
    known = formats()
    refusal(known, LOG_GROUP)
    make_log_formats()
    assert known.of(LOG_GROUP) == (DEFAULT_LOG_FORMAT,)


@pytest.mark.parametrize(
    "ec2",
    [Ec2([flow_log(SHORT)]), Ec2(), Ec2(error=refused("UnauthorizedOperation", 403))],
    ids=["one", "none", "denied"],
)
def test_an_unknown_group_costs_one_call_in_five_minutes_whatever_the_answer(ec2: Ec2) -> None:
    make_log_formats()
    clock = Clock()
    known = formats(ec2, clock)
    calls = []
    for seconds in (0, 1, MAX_AGE_SECONDS - 1, MAX_AGE_SECONDS, MAX_AGE_SECONDS + 1):
        clock.now = Clock.now + seconds
        try:
            known.of(OTHER_GROUP)
        except PoisonError:
            assert not ec2.pages
        calls.append(len(ec2.filters))
    assert calls == [1, 1, 1, 2, 2]


def test_each_unknown_group_costs_a_call_of_its_own() -> None:
    make_log_formats()
    ec2 = Ec2()
    known = formats(ec2)
    for group in ("/a", "/b", "/a"):
        refusal(known, group)
    assert [filters[0]["Values"] for filters in ec2.filters] == [["/a"], ["/b"]]


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AccessDenied"])
def test_without_the_permission_poison_names_it(code: str) -> None:
    make_log_formats()
    poison = refusal(formats(Ec2(error=refused(code, 403))))
    assert poison.reason == "access-denied"
    assert "'/other/group' has no log format in parameter /flowsentry/log-formats" in str(poison)
    assert "allow the function ec2:DescribeFlowLogs" in str(poison)


@pytest.mark.parametrize(
    "error",
    [
        refused("RequestLimitExceeded", 503),
        refused("InternalError", 500),
        ConnectTimeoutError(endpoint_url="https://ec2"),
    ],
    ids=["throttled", "broken", "silent"],
)
def test_a_transient_error_raises_retryable_error_and_is_not_cached(error: Exception) -> None:
    make_log_formats()
    ec2 = Ec2([flow_log(SHORT)], error=error)
    known = formats(ec2)
    with pytest.raises(RetryableError, match="could not look up the flow logs of log group '/other/group'"):
        known.of(OTHER_GROUP)
    ec2.error = None
    assert known.of(OTHER_GROUP) == (SHORT,)


def test_an_unknown_error_is_raised_unchanged() -> None:
    make_log_formats()
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        formats(Ec2(error=refused("InvalidParameterValue", 400))).of(OTHER_GROUP)


def test_a_parameter_that_cannot_be_reached_raises_retryable_error() -> None:
    with pytest.raises(RetryableError, match="could not read log formats from /flowsentry/log-formats"):
        formats(Ec2()).of(LOG_GROUP)


DAMAGED = pytest.mark.parametrize("value", ["no json", "[]", '"text"', "null", "[" * 4_000])


def damage(value: str) -> None:
    clients.ssm().put_parameter(Name=LOG_FORMATS_PARAMETER, Value=value, Type="String", Overwrite=True)


@DAMAGED
def test_with_a_damaged_parameter_ec2_still_gives_the_formats_of_groups(value: str) -> None:
    damage(value)
    assert formats(Ec2([flow_log(LONG)])).of(LOG_GROUP) == (LONG,)


@DAMAGED
def test_a_group_unknown_to_ec2_raises_poison_that_names_the_damaged_parameter_until_it_is_corrected(
    value: str,
) -> None:
    damage(value)
    known = formats(Ec2())
    poison = refusal(known, LOG_GROUP)
    assert poison.reason == "bad-log-format"
    assert "parameter /flowsentry/log-formats can't be used" in str(poison)
    damage(json.dumps({LOG_GROUP: SHORT}))
    assert known.of(LOG_GROUP) == (SHORT,)
    assert refusal(known).reason == "unknown-log-group"


STATED_FOR_OBJECTS = {
    "s3://firehose/": SHORT,
    "s3://firehose/network/": [LONG, SHORT],
    "s3://firehose/network/headers/": [],
    "s3": DEFAULT_LOG_FORMAT,
}


@pytest.mark.parametrize(
    ("bucket", "key", "expected"),
    [
        ("firehose", "2026/11/21/part-1", (SHORT,)),
        ("firehose", "network/part-1.gz", (LONG, SHORT)),
        ("firehose", "network/headers/part-1.gz", ()),
        ("firehose-2", "network/part-1.gz", ()),
        ("other", "firehose/network/", ()),
    ],
)
def test_an_object_has_the_formats_of_the_longest_prefix_of_its_address(
    bucket: str, key: str, expected: tuple[str, ...]
) -> None:
    make_log_formats(STATED_FOR_OBJECTS)
    ec2 = Ec2([flow_log(LONG)])
    assert formats(ec2).of_object(bucket, key) == expected
    assert ec2.filters == []


@pytest.mark.parametrize("stated", [5, [None], "version srcaddr", "${end} ${end}"])
def test_an_invalid_format_of_objects_raises_poison_that_names_the_prefix(stated: object) -> None:
    make_log_formats({"s3://firehose/": stated})
    with pytest.raises(PoisonError, match="'s3://firehose/': ") as refused:
        formats(Ec2()).of_object("firehose", "part-1")
    assert refused.value.reason == "bad-log-format"


def test_objects_whose_formats_cannot_be_read_raise_retryable_error() -> None:
    with pytest.raises(RetryableError, match="could not read log formats"):
        LogFormats("/not/there", clients.ssm()).of_object("firehose", "part-1")
