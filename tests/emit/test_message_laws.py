"""Messages with any untrusted text are bounded, printable, and contain no forged line."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, AlertMessage, alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.emit.machine_json import MAX_JSON_BYTES
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import Earlier, State, Triage
from tests.emit.findings import FINDINGS
from tests.emit.makers import NIGHT, RESOURCES
from tests.emit.test_alert_schema import DESCRIBED
from tests.emit.test_chat import assert_within_limits

MAX_TEXT_LETTERS = 20_000
MAX_MESSAGE_BYTES = 256 << 10
"""Of a message with its attributes: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html."""

nasty = st.sampled_from(
    ["\r\nSource       nobody", "\nFinding 1 (x, low)", "\x00\x1b[31m", "\u2028- ", "\u202egnp.exe", "1. Do"]
)
texts = st.text(max_size=200) | st.tuples(st.text(max_size=20), nasty, st.text(max_size=20)).map("".join)
listed = st.lists(texts, max_size=30)
owners = st.none() | texts | st.fixed_dictionaries({"kind": texts, "id": texts, "name": texts})
rules = texts | st.fixed_dictionaries(
    {"sentence": texts, "change": texts, "why_unknown": texts, "refused_by": listed, "rules_taken_at": st.integers()}
)
anything = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | listed
details = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("subject_owner", "responder_owner", "initiator_owner"), owners),
        **dict.fromkeys(("refusal", "allowance"), rules),
        **dict.fromkeys(("sample_endpoints", "sample", "answered_endpoints", "interface_ids"), listed),
        **dict.fromkeys(("sessions", "services"), listed),
        **dict.fromkeys(("hosts", "ports", "packets", "attempts", "records", "hour", "responders"), anything),
        **dict.fromkeys(("initiator", "responder", "responder_port", "protocol", "service", "technique"), anything),
        "relation": st.sampled_from(["inside_to_inside", "outside_answered", "outside_tries", "inside_tries"])
        | anything,
        "failed_ports": anything | st.lists(st.integers(), max_size=12),
        "initiators": anything,
        "more": anything,
    },
)
kinds = st.sampled_from(sorted({finding.kind for finding in FINDINGS.values()})) | texts
moments = st.integers(NIGHT, NIGHT + 86_400) | st.integers()
findings = st.builds(
    Finding,
    id=texts,
    kind=kinds,
    severity=st.sampled_from(Severity),
    title=texts,
    subject=texts | st.just("10.0.1.5"),
    scope=texts,
    first_seen=moments,
    last_seen=moments,
    endpoints=st.integers(),
    details=details,
    thread=texts,
)
finding_triage = st.builds(Triage, st.sampled_from(State), st.integers(), texts, texts, st.none() | st.integers())
earliers = st.none() | st.builds(Earlier, texts, st.integers(), finding_triage)
resources = st.sampled_from([AccountResources(), RESOURCES]) | st.builds(
    AccountResources,
    region=texts,
    partition=texts,
    account_id=texts,
    log_groups=st.tuples(texts, texts),
    athena_table=texts,
    athena_workgroup=texts,
    deployment=texts,
)

LABELS = (
    r"Source|Target|Interface|Address|Clients|Network|When|Count"
    r"|Denied\ by|Uncertain|Change|Rules\ as\ of|Allowed\ by|Sessions|Ports|Tried|Answered|Logged\ by"
    r"|Resource|Flow\ log|Destination"
)
HEADLINE_AND_MATTER = 2
TEMPLATE = re.compile(
    rf"""(({LABELS})\ +\S.*)?$
    |What\ to\ check$|[1-9]\.\ [A-Z].*|Where\ to\ look$|(Flow\ log|Enriched)\ records\ in.*:$|https://\S+$
    |SELECT\ .*|\ \ \S.*|(FROM|WHERE|ORDER\ BY|LIMIT)\ .*
    |(Seen\ again|Still\ happening|Still\ open):\ .*
    |Triage:\ .*|Finding\ .*\)$""",
    re.VERBOSE,
)


@pytest.mark.slow
@given(findings, resources, earliers)
def test_every_line_of_an_alert_with_untrusted_text_matches_the_template(
    finding: Finding, resources: AccountResources, earlier: Earlier | None
) -> None:
    message = alert_message(finding, resources, earlier)
    lines = message.text.split("\n")
    assert all(TEMPLATE.match(line) for line in lines[HEADLINE_AND_MATTER:])
    assert sum(line.startswith("Finding ") for line in lines[HEADLINE_AND_MATTER:]) == 1
    assert sum(line.startswith("Source ") for line in lines[HEADLINE_AND_MATTER:]) <= 1
    assert_bounded(message)


@pytest.mark.slow
@given(st.lists(findings, min_size=1, max_size=40), resources)
def test_digests_and_overflows_are_bounded_and_printable(several: list[Finding], resources: AccountResources) -> None:
    distinct = [replace(finding, id=f"{number}{finding.id}") for number, finding in enumerate(several)]
    assert_bounded(digest_message(distinct, 60, resources))
    assert_bounded(overflow_message(distinct, 20, resources))


def assert_bounded(message: AlertMessage) -> None:
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert 0 < len(message.subject) <= MAX_SUBJECT_LETTERS
    assert all(line.isprintable() for line in message.text.split("\n"))
    assert len(message.text) <= MAX_TEXT_LETTERS
    assert len(message.json) <= MAX_JSON_BYTES
    assert all(message.attributes.values())
    assert all(value.isprintable() for value in message.attributes.values())
    assert len(message.attributes) <= 10
    assert_fits_sns(message)
    assert_within_limits(json.loads(message.chat))


def assert_fits_sns(message: AlertMessage) -> None:
    """All forms together, as they are published to the topic."""
    forms = {"default": message.text, "email": message.text}
    forms |= dict.fromkeys(("sqs", "lambda", "http", "https", "firehose"), message.json)
    assert len(json.dumps(forms, ensure_ascii=False).encode()) < MAX_MESSAGE_BYTES


ENVELOPE = Draft202012Validator({**DESCRIBED, "$defs": {**DESCRIBED["$defs"], "details": {"type": "object"}}})


@pytest.mark.slow
@given(findings, resources, earliers)
def test_the_json_of_any_details_conforms_to_the_schema(
    finding: Finding, resources: AccountResources, earlier: Earlier | None
) -> None:
    given_: dict[str, Any] = json.loads(alert_message(finding, resources, earlier).json)
    ENVELOPE.validate(given_)
