"""The kinds of finding, one row each: everything about a kind that is not its detector's logic or its text.

A new kind is a row here, a detector in detect/ and a text in emit/narratives/. The dashboard, the digest, Security Hub,
suppressions, `explain` and docs/detectors.md read this table. It imports no polars, so that the notifier can use it.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto

from msgspec import field

from flowsentry.findings.finding import Severity
from flowsentry.value import Value


class Chapter(Enum):
    """The chapters of a digest, in the order in which they are printed: what is about your own machines comes first."""

    SERVICES_DOWN = auto()
    BLOCKED_EGRESS = auto()
    FLOODS = auto()
    PASSWORD_GUESSES = auto()
    OUTSIDE_SCANS = auto()
    CAPTURE_GAPS = auto()
    OTHERS = auto()


class Packets(StrEnum):
    """What happened to the packets that a finding is about. `explain` adds the rule that denied or allowed them."""

    REJECTED = "rejected"
    REPLY_REJECTED = "reply rejected"
    ALLOWED = "allowed"
    UNANSWERED = "not answered"


class ScanRelation(StrEnum):
    """Direction and result of a scan, in the order of severity. Evidence only grows, so a source's relation only moves
    towards the end.

    - OUTSIDE_BACKGROUND: an external source; no endpoint answered, the evidence is doubtful, or the source is trusted.
    - OUTSIDE_ANSWERED: an external source that is not trusted, and an endpoint answered.
    - INSIDE_TO_OUTSIDE: an internal source with few failed internal endpoints.
    - INSIDE_TO_INSIDE: an internal source with many failed internal endpoints.
    """

    OUTSIDE_BACKGROUND = "outside_background"
    OUTSIDE_ANSWERED = "outside_answered"
    INSIDE_TO_OUTSIDE = "inside_to_outside"
    INSIDE_TO_INSIDE = "inside_to_inside"


class LoginRelation(StrEnum):
    """Direction and result of password guessing, in the order of severity. Evidence only grows, so a source's relation
    only moves towards the end.

    - OUTSIDE_TRIES: an external source with login attempts.
    - OUTSIDE_GOT_IN: an external source that also has a session.
    - INSIDE_TRIES: an internal source with login attempts on several hosts.
    """

    OUTSIDE_TRIES = "outside_tries"
    OUTSIDE_GOT_IN = "outside_got_in"
    INSIDE_TRIES = "inside_tries"


class FlowLogState(StrEnum):
    """How a flow log stopped.

    - SILENT: no records arrive, although something runs in its resource.
    - FAILED: AWS reports that it can't deliver some or all records.
    - MISSING: a resource of the deployment has no flow log.
    """

    SILENT = "silent"
    FAILED = "failed"
    MISSING = "missing"


ALWAYS = ""
"""The case of a kind that has one severity or technique."""


class Kind(Value, frozen=True, eq=False, kw_only=True):
    """One kind of finding. `severities` and `techniques` (MITRE ATT&CK ids) are by case, such as the relation of a
    scan, or have one value for ALWAYS; some cases have no technique. `detector` is the module whose docstring describes
    the behaviour. `chapter` is where the digest lists findings of LOW and BACKGROUND.

    https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html lists what
    `security_hub_types` may be.
    """

    name: str
    summary: str
    detector: str
    severities: Mapping[str, Severity]
    chapter: Chapter
    security_hub_types: tuple[str, ...]
    techniques: Mapping[str, str] = field(default_factory=dict)
    packets: Packets | None = None

    def severity(self, case: str = ALWAYS) -> Severity:
        return self.severities[case]

    def technique(self, case: str = ALWAYS) -> str | None:
        return self.techniques.get(case)


NETWORK_FLOW = "Unusual Behaviors/Network Flow"
INITIAL_ACCESS, LATERAL_MOVEMENT = "TTPs/Initial Access", "TTPs/Lateral Movement"
_DISCOVERY, _CREDENTIAL_ACCESS = "TTPs/Discovery", "TTPs/Credential Access"
_CONFIGURATION = "Software and Configuration Checks"
_REACHABILITY = f"{_CONFIGURATION}/AWS Security Best Practices/Network Reachability"

_SCAN_SEVERITIES: Mapping[str, Severity] = {
    ScanRelation.OUTSIDE_BACKGROUND: Severity.BACKGROUND,
    ScanRelation.OUTSIDE_ANSWERED: Severity.MEDIUM,
    ScanRelation.INSIDE_TO_OUTSIDE: Severity.HIGH,
    ScanRelation.INSIDE_TO_INSIDE: Severity.HIGH,
}
_LOGIN_SEVERITIES: Mapping[str, Severity] = {
    LoginRelation.OUTSIDE_TRIES: Severity.LOW,
    LoginRelation.OUTSIDE_GOT_IN: Severity.HIGH,
    LoginRelation.INSIDE_TRIES: Severity.HIGH,
}
_LOGIN_TECHNIQUES = {"SSH": "T1021.004", "RDP": "T1021.001", "WinRM": "T1021.006"}
"""Remote Services, by the service that was logged in to."""


def _scan(name: str, summary: str, technique: str) -> Kind:
    """A kind of scan: all of them have the severities of their relation, one chapter and one Security Hub type."""
    return Kind(
        name=name,
        summary=summary,
        detector="detect.scans.shapes",
        severities=_SCAN_SEVERITIES,
        chapter=Chapter.OUTSIDE_SCANS,
        security_hub_types=(_DISCOVERY,),
        techniques={ALWAYS: technique},
    )


_ROWS = (
    _scan("port_scan", "One source tries many ports of one host.", "T1046"),
    _scan("host_sweep", "One source tries the same port of many hosts.", "T1018"),
    _scan("network_scan", "One source tries many ports of many hosts.", "T1046"),
    Kind(
        name="blocked_internal",
        summary="A security group or network ACL blocks a path between two of your hosts.",
        detector="detect.blocked.blocked_internal",
        severities={ALWAYS: Severity.MEDIUM},
        chapter=Chapter.OTHERS,
        security_hub_types=(NETWORK_FLOW, _REACHABILITY),
        packets=Packets.REJECTED,
    ),
    Kind(
        name="blocked_egress",
        summary="A security group or network ACL blocks a path from one of your hosts to the outside.",
        detector="detect.blocked.blocked_egress",
        severities={ALWAYS: Severity.LOW},
        chapter=Chapter.BLOCKED_EGRESS,
        security_hub_types=(NETWORK_FLOW, _REACHABILITY),
        packets=Packets.REJECTED,
    ),
    Kind(
        name="denied_by_acl_reply",
        summary="A network ACL blocks the replies to connections that security groups allow.",
        detector="detect.blocked.denied_by_acl_reply",
        severities={ALWAYS: Severity.MEDIUM},
        chapter=Chapter.OTHERS,
        security_hub_types=(_REACHABILITY,),
        packets=Packets.REPLY_REJECTED,
    ),
    Kind(
        name="remote_login",
        summary="An address outside the trusted networks has an SSH, RDP or WinRM session on one of your hosts.",
        detector="detect.logins.remote_login",
        severities={ALWAYS: Severity.MEDIUM},
        chapter=Chapter.OTHERS,
        security_hub_types=(INITIAL_ACCESS, NETWORK_FLOW),
        techniques=_LOGIN_TECHNIQUES,
        packets=Packets.ALLOWED,
    ),
    Kind(
        name="public_login_service",
        summary="Many addresses outside the trusted networks have sessions on the same login service.",
        detector="detect.logins.public_login_service",
        severities={ALWAYS: Severity.MEDIUM},
        chapter=Chapter.OTHERS,
        security_hub_types=(_REACHABILITY, NETWORK_FLOW),
        techniques=_LOGIN_TECHNIQUES,
        packets=Packets.ALLOWED,
    ),
    Kind(
        name="login_brute_force",
        summary="One source makes many short login attempts, as a program that guesses passwords does.",
        detector="detect.logins.login_brute_force",
        severities=_LOGIN_SEVERITIES,
        chapter=Chapter.PASSWORD_GUESSES,
        security_hub_types=(_CREDENTIAL_ACCESS,),
        techniques={ALWAYS: "T1110"},
    ),
    Kind(
        name="records_skipped",
        summary="AWS skipped flow log records of a network interface (SKIPDATA).",
        detector="detect.records_skipped",
        severities={ALWAYS: Severity.BACKGROUND},
        chapter=Chapter.CAPTURE_GAPS,
        security_hub_types=(_CONFIGURATION,),
    ),
    Kind(
        name="flow_log_stopped",
        summary="A flow log delivers no records, or AWS can't deliver them, or it was deleted.",
        detector="detect.flow_log_stopped",
        severities={
            FlowLogState.SILENT: Severity.MEDIUM,
            FlowLogState.FAILED: Severity.MEDIUM,
            FlowLogState.MISSING: Severity.HIGH,
        },
        chapter=Chapter.OTHERS,
        security_hub_types=(_CONFIGURATION,),
        techniques={FlowLogState.MISSING: "T1562.008"},
    ),
    Kind(
        name="service_down",
        summary="A service that answered in the days before no longer answers its clients.",
        detector="detect.scans.service_down",
        severities={"other service": Severity.LOW, "important service": Severity.MEDIUM},
        chapter=Chapter.SERVICES_DOWN,
        security_hub_types=(NETWORK_FLOW,),
        packets=Packets.UNANSWERED,
    ),
    Kind(
        name="flood",
        summary="A batch has more sources or findings than are recorded one by one.",
        detector="detect.flood",
        severities={"outside": Severity.LOW, "inside": Severity.MEDIUM},
        chapter=Chapter.FLOODS,
        security_hub_types=(NETWORK_FLOW,),
        techniques={"outside": "T1498"},
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ROWS}
