"""Valid and invalid flow log records, for laws that hold for every input."""

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from flowsentry.records.fields import BY_NAME, FIELDS, TRANSIT_GATEWAY_NAMES, Kind
from tests.builders import NOON, V2, V5

THOROUGH = int(os.environ.get("FLOWSENTRY_LAW_EXAMPLES", "1"))
"""How many times as many examples as usual each law has: `make break` sets 10."""


def law(examples: int, **others: Any) -> settings:
    """Settings of a law: its usual number of examples. More: slower. Fewer: a rare case is found later."""
    return settings(max_examples=examples * THOROUGH, deadline=None, **others)


LAW = law(25)

INSIDE = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8:1::5")
OUTSIDE = ("203.0.113.9", "198.51.100.7", "2001:db8::9")
numbers = st.integers(0, 1 << 40).map(str)

VALUES: dict[Kind, st.SearchStrategy[str]] = {
    Kind.TEXT: st.sampled_from(["IPv4", "S3", "eu-west-1"]),
    Kind.TAG: st.sampled_from(["web", "Team%20Blue", "%E6%9D%B1%E4%BA%AC", "100%", "%ff"]),
    Kind.ID: st.sampled_from(["eni-1", "eni-2", "vpc-1", "123456789012"]),
    Kind.ADDRESS: st.sampled_from(INSIDE + OUTSIDE),
    Kind.PORT: st.sampled_from([0, 22, 443, 5432, 8080, 20000, 40000, 45000]).map(str),
    Kind.PROTOCOL: st.sampled_from(["1", "6", "6", "6", "17", "58"]),
    Kind.COUNT: st.integers(1, 3000).map(str),
    Kind.TIME: st.integers(NOON - 90_000, NOON + 90_000).map(str),
    Kind.BITS: st.sampled_from([0, 1, 2, 3, 4, 18, 19]).map(str),
    Kind.CODE: st.integers(0, 255).map(str),
    Kind.ACTION: st.sampled_from(["ACCEPT", "REJECT"]),
    Kind.LOG_STATUS: st.sampled_from(["OK", "OK", "OK", "NODATA", "SKIPDATA", "INCOMPLETEDATA"]),
    Kind.DIRECTION: st.sampled_from(["ingress", "egress"]),
}

formats = st.one_of(
    st.sampled_from([V2, V5, TRANSIT_GATEWAY_NAMES]),
    st.lists(st.sampled_from([field.name for field in FIELDS]), min_size=2, max_size=12, unique=True).map(tuple),
)


def values(name: str) -> st.SearchStrategy[str]:
    """A value of the field, or `-`."""
    return st.one_of(VALUES[BY_NAME[name].kind], VALUES[BY_NAME[name].kind], st.just("-"))


def records(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """A valid line of the format."""
    return st.tuples(*(values(name) for name in names)).map(" ".join)


def bad_lines(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """A line that is no record of the format."""
    return st.one_of(
        st.just(""),
        st.just("x" * 70_000),
        records(names).map(lambda text: text + " 1"),
        records(names).map(lambda text: text.rpartition(" ")[0]),
        records(names).map(lambda text: "\ufffd" + text),
    )


LAW_OF_TRAFFIC = law(12)
"""Settings of laws that run whole pipelines."""

_OPENING: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    srcaddr=st.sampled_from(["10.0.0.1", "203.0.113.9", "2001:db8::9"]),
    dstaddr=st.sampled_from([f"10.0.1.{number}" for number in range(12)]),
    dstport=st.sampled_from([22, 80, 443]),
    srcport=st.integers(40_000, 40_003),
    start=st.sampled_from([NOON, NOON + 86_400]),
    packets=st.sampled_from([1, 3]),
    tcp_flags=st.just(2),
    action=st.sampled_from(["ACCEPT", "REJECT"]),
    flow_direction=st.just("ingress"),
).map(lambda opening: opening | {"bytes": 60 * opening["packets"]})
_ANSWERED = _OPENING.map(lambda opening: opening | {"bytes": 6000, "tcp_flags": 3, "action": "ACCEPT"})
failures = st.lists(_OPENING, min_size=20, max_size=50)
traffic = st.lists(st.one_of(_OPENING, _OPENING, _ANSWERED), min_size=20, max_size=60)
"""Connection attempts, by column, so many that most examples have a finding."""
