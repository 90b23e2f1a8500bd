"""Findings in the format of Security Hub, checked against the model of the API and its limits."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.security_finding import LABELS, security_finding
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.kinds import KINDS
from tests.emit.findings import FINDINGS
from tests.emit.makers import NIGHT, RESOURCES, guesses

OPERATION = botocore.session.Session().get_service_model("securityhub").operation_model("BatchImportFindings")
MAX_LETTERS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024, "ProductArn": 2048}


def assert_acceptable(sent: dict[str, Any]) -> None:
    """Conforms to the model of the API and to the limits in its documentation."""
    report = ParamValidator().validate({"Findings": [sent]}, OPERATION.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert all(text.strip() for text in texts_in(sent))
    assert all(0 < len(sent[name]) <= most for name, most in MAX_LETTERS.items())
    assert len(sent["Remediation"]["Recommendation"]["Text"]) <= 512
    assert 1 <= len(sent["Resources"]) <= 32
    assert len(sent["ProductFields"]) <= 50
    assert all(len(name) <= 128 and len(value) <= 2048 for name, value in sent["ProductFields"].items())
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sent[name])


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (text for each in value.values() for text in texts_in(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in texts_in(each))
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", FINDINGS)
def test_every_example_is_accepted_by_security_hub(name: str) -> None:
    assert_acceptable(security_finding(FINDINGS[name], RESOURCES, NIGHT + 9_000))


def test_a_finding_belongs_to_the_default_product_of_the_account() -> None:
    sent = security_finding(FINDINGS["external_scan_answered"], RESOURCES, NIGHT)
    assert sent["ProductArn"] == "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"
    assert sent["AwsAccountId"] == "123456789012"
    assert sent["Workflow"] == {"Status": "NEW"}


def test_the_same_finding_has_the_same_id_whenever_it_is_sent() -> None:
    ids = {security_finding(FINDINGS["external_scan_answered"], RESOURCES, when)["Id"] for when in (NIGHT, NIGHT + 1)}
    assert ids == {"eu-west-1/123456789012/flowsentry/5c1f2e8a90b1c2d3e4f50617"}


def test_every_severity_has_a_label() -> None:
    assert set(LABELS) == set(Severity)


def test_an_instance_is_a_resource_with_its_arn() -> None:
    sent = security_finding(FINDINGS["blocked_path_with_rule"], RESOURCES, NIGHT)
    web, orders = sent["Resources"]
    assert (web["Type"], web["Id"]) == ("AwsEc2Instance", "arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc")
    assert (orders["Type"], orders["Id"]) == ("Other", "orders")
    assert web["Details"]["Other"] == {"address": "10.0.1.5", "name": "web-1", "kind": "instance"}


def test_an_interface_is_a_resource_with_its_arn() -> None:
    cut_off = security_finding(FINDINGS["blocked_path_without_rules"], RESOURCES, NIGHT)["Resources"][1]
    arn = "arn:aws:ec2:eu-west-1:123456789012:network-interface/eni-0db"
    assert (cut_off["Type"], cut_off["Id"]) == ("AwsEc2NetworkInterface", arn)


def test_an_external_source_is_a_resource_with_its_address() -> None:
    (resource,) = security_finding(FINDINGS["external_scan_answered"], RESOURCES, NIGHT)["Resources"]
    assert resource == {"Type": "Other", "Id": "203.0.113.9", "Details": {"Other": {"address": "203.0.113.9"}}}


def test_a_path_has_its_network_fields() -> None:
    assert security_finding(FINDINGS["replies_denied_to_external_clients"], RESOURCES, NIGHT)["Network"] == {
        "SourceIpV4": "203.0.113.9",
        "DestinationIpV4": "10.0.3.7",
        "DestinationPort": 5432,
        "Protocol": "TCP",
    }


@pytest.mark.parametrize(
    ("relation", "sessions", "types"),
    [
        ("outside_tries", [], ["TTPs/Credential Access"]),
        ("outside_got_in", ["10.0.1.5:22/tcp"], ["TTPs/Credential Access", "TTPs/Initial Access"]),
        ("inside_tries", ["10.0.1.5:22/tcp"], ["TTPs/Credential Access", "TTPs/Lateral Movement"]),
    ],
)
def test_password_guessing_that_succeeded_has_one_more_type(
    relation: str, sessions: list[str], types: list[str]
) -> None:
    finding = guesses(relation, Severity.HIGH, "203.0.113.9", sessions=sessions)
    assert security_finding(finding, RESOURCES, NIGHT)["Types"] == types


def test_rules_are_in_the_description() -> None:
    sent = security_finding(FINDINGS["remote_login_with_rule"], RESOURCES, NIGHT)
    assert "Allowed by: security group sg-0web web: inbound tcp/22 from 0.0.0.0/0." in sent["Description"]
    assert sent["ProductFields"]["flowsentry/technique"] == "T1021.004"


words = st.text(max_size=2_000)
owners = st.none() | st.fixed_dictionaries({"kind": words, "id": words, "name": words})


@given(
    one=st.tuples(words, words, words, words, words),
    owner=owners,
    when=st.integers(),
    kind=st.sampled_from(list(KINDS)) | words,
)
def test_a_finding_of_any_content_is_accepted_by_security_hub(
    one: tuple[str, str, str, str, str], owner: dict[str, str] | None, when: int, kind: str
) -> None:
    id_, title, subject, scope, responder = one
    details = {"subject_owner": owner, "responder_owner": owner, "responder": responder, "protocol": title}
    finding = Finding(id_, kind, Severity.LOW, title, subject, scope, when, when + 1, 3, details)
    assert_acceptable(security_finding(finding, RESOURCES, when))
    assert_acceptable(security_finding(replace(finding, subject="10.0.1.5"), RESOURCES, when))
