"""Findings: a stable id, and JSON without loss."""

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.finding import Finding, Severity, finding_id

words = st.text(max_size=20)
counts = st.integers(0, 1 << 40)
details = st.dictionaries(words, st.one_of(words, counts, st.none(), st.lists(words), st.dictionaries(words, words)))
findings = st.builds(
    Finding,
    id=words,
    kind=words,
    severity=st.sampled_from(Severity),
    title=words,
    subject=words,
    scope=words,
    first_seen=counts,
    last_seen=counts,
    endpoints=counts,
    details=details,
)


@given(findings)
def test_a_finding_can_be_read_back_from_its_json(finding: Finding) -> None:
    assert Finding.from_json(finding.to_json()) == finding


@given(findings)
def test_equal_findings_have_equal_json(finding: Finding) -> None:
    again = Finding.from_json(finding.to_json())
    assert again.to_json() == finding.to_json()
    assert type(again.severity) is Severity


@given(st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_different_parts_give_different_ids(one: list[str], other: list[str]) -> None:
    assert finding_id(*one) == finding_id(*one)
    apart = "\x1f".join(one) != "\x1f".join(other)
    assert (finding_id(*one) != finding_id(*other)) == apart


def test_ids_are_pinned_since_a_new_id_is_a_second_alert() -> None:
    assert finding_id("scan", "public", "203.0.113.9", "20454", "outside_background") == "df4260c4f322a9c66bfa3654"
