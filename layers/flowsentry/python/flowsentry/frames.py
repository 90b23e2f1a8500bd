"""The types that stages hand to each other, with what each guarantees."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, NewType

import polars as pl
from msgspec import Struct, field

from flowsentry.errors import UnreadableError
from flowsentry.value import Value

MAX_LINE_BYTES = 64 << 10
"""A longer line is no flow log record (all fields take 2 KB): decode cuts it to one byte more, parse rejects it."""


class LogText(Value, frozen=True):
    """decode → parse: whole lines of one source, with the order of their fields from the header or the log format.

    `text` is a bounded chunk that ends with a newline (or is empty); `first_line` is the number of its first line in
    the source, the header being line 1.
    """

    names: tuple[str, ...]
    text: bytes
    first_line: int


class MixedText(Value, frozen=True):
    """decode → parse: whole lines of one source that may have one of several formats, as when several flow logs write
    to one log group. A line has the format whose types its values match; where none or several match, it is rejected.
    """

    formats: tuple[tuple[str, ...], ...]
    text: bytes
    first_line: int


class LogTable(Value, frozen=True):
    """decode → parse: some rows of a Parquet file, with the column names and types that its writer chose.

    No column is nested, and no two columns are the same field. `first_line` is the number of its first row in the file,
    counted as if each row were a line below a header.
    """

    rows: pl.DataFrame
    first_line: int


LogChunk = LogText | MixedText | LogTable
"""A bounded part of a source, in the form that its container allows."""


class SmallSource(Value, frozen=True):
    """decode → parse: a source that is small enough to be decoded whole (a payload, a small object), with its name and
    all of its chunks.
    """

    name: str
    chunks: tuple[LogChunk, ...]


Records = NewType("Records", pl.DataFrame)
"""parse → …: one typed row for each valid line, in the order of the text, including NODATA and SKIPDATA rows. Columns
are the fields of the format, in its order, by AWS's names with `_` for `-`. Values of tags are percent-decoded."""

Flows = NewType("Flows", pl.DataFrame)
"""parse → enrich: the rows of Records that describe traffic. All fields of version 2 are columns, null where the format
lacks them."""

EnrichedFlows = NewType("EnrichedFlows", pl.DataFrame)
"""enrich → contacts, measure, emit: Flows, same rows in the same order, with these added columns: `is_rejected`
(false without an action), `direction` (as the interface or gateway sees it; null when unknown), `scope` (VPC of the
interface, or the transit gateway, or `unknown`), `source_scope` and `destination_scope` (the network in which the
address of that end is unique: the interface's VPC; for a transit gateway's record the VPC at that end, else the
gateway), `source_address` and `destination_address` (as in the packet), `source_is_inside` and `destination_is_inside`,
of the owner at the time of the flow `source_owner_kind`, `_id`, `_name`, `_account_id`, `_vpc_id`, `_subnet_id`,
`_az_id`, of an outside address `source_country`, `source_asn`, `source_network`, all these of `destination_` as well,
`is_ipv6`, `service`, `charged_path` (one of records.charged_paths.CHARGED_PATHS: the meter that the bytes of this
record are charged on; null if on none) and `crosses_zones` (whether they are charged as traffic between zones; null
where the record can't tell). Both are set on one record per byte, so that sums of bytes count each byte once."""

ExplainedFlows = NewType("ExplainedFlows", pl.DataFrame)
"""explain → emit: EnrichedFlows, same rows in the same order, with what rejected them: `refused_layer`
(security_group, network_acl, …), `refused_by` (ids with a space between), `refused_rule` (of a network ACL)."""

Contacts = NewType("Contacts", pl.DataFrame)
"""contacts → detect: a row for each (scope, initiator, responder, responder_port, protocol, day) with its outcome.
`refused_at` is an interface whose rules rejected it. `reply_refused_at` is an interface whose rules accepted the
request and rejected the reply; it goes with any outcome, since a reply that left the responder may be rejected at the
initiator."""

Logins = NewType("Logins", pl.DataFrame)
"""contacts → detect: a row for each TCP connection to a login port (records.code_names.LOGIN_PORTS) that carried
packets: `scope`, `initiator`, `initiator_port`, `responder`, `responder_port`, `day` (as in Contacts), `packets` (the
most that the initiator sent in one record: a delivery never splits a record), `first_seen`, `last_seen`,
`initiator_is_inside`, `responder_is_inside`, `is_whole` (whether one record with data covers the connection from SYN to
FIN or RST; without tcp-flags, whether a record has data), `server_replied` (whether its server sent data in the same
batch), `is_answered` (whether the server replied, or the connection ended with FIN, as only an answered one does). An
opening without an answer has no row.
"""

Measurements = NewType("Measurements", pl.DataFrame)
"""measure → emit: a row for each minute and VPC or transit gateway, and for each attachment that lost packets there:
`minute` (Unix s), `observer` (vpc or transit_gateway), `scope`, `attachment` (null in the other rows), `flows`,
`bytes`, `packets`, `rejected_flows`, `rejected_inbound_flows`, `rejected_outbound_flows`, `packets_lost_no_route`,
`packets_lost_blackhole`, `packets_lost_mtu_exceeded`, `packets_lost_ttl_expired`. Sums of disjoint rows."""

OwnerSums = NewType("OwnerSums", pl.DataFrame)
"""measure → emit: a row for each minute, VPC and owner of an interface there: `minute` (Unix s), `scope`, `owner_id`,
`owner_kind`, `owner_name`, `bytes` that it sent, and `rejected_flows` that its rules rejected. Sums of disjoint rows,
those of a whole source in order of minute, VPC and owner."""


class Conversation(NamedTuple):
    """What one address sent another, by the lower of the two ports. Owners and countries are null where unknown."""

    source: str
    destination: str
    port: int
    source_owner: str | None
    source_country: str | None
    destination_owner: str | None
    destination_country: str | None
    bytes: int
    packets: int


class Passage(NamedTuple):
    """What passed in a direction (inside, inbound, outbound, outside) on a path, AWS's traffic-path in words."""

    direction: str
    path: str | None
    bytes: int
    packets: int


class RejectedSource(NamedTuple):
    """A source of rejected flows, and how many addresses it tried: at least, where a source has several chunks."""

    source: str
    owner: str | None
    country: str | None
    flows: int
    targets: int


class RejectedTarget(NamedTuple):
    """An address and port that flows to were rejected, and from how many sources: at least, as in RejectedSource."""

    destination: str
    port: int
    owner: str | None
    flows: int
    sources: int


class Talkers(Value, frozen=True):
    """measure → emit: the busiest conversations of a source, all of its passages, and who was rejected most."""

    conversations: Sequence[Conversation] = ()
    passages: Sequence[Passage] = ()
    rejected_sources: Sequence[RejectedSource] = ()
    rejected_targets: Sequence[RejectedTarget] = ()


ChargeSums = NewType("ChargeSums", pl.DataFrame)
"""traffic_bill → emit: a row for each `time` (the Unix s of five minutes, null where a record has no start), `path`
(one of records.charged_paths.BILLED_PATHS, or `unknown`) and owner who causes the charge: `owner_id`, `owner_kind`,
`owner_name` (null when unowned), `bytes`, and `bytes_at_one_end`, those of them for which only one of the two ends
pays. Sums of disjoint bytes on each path."""

CaptureGaps = NewType("CaptureGaps", pl.DataFrame)
"""capture_gaps → detect: a row for each `interface` (text) and `hour` (Unix s) with records without traffic: `scope`
(its VPC or transit gateway, where a record has it), the counts `nodata` and `skipdata`, and `first_seen` and
`last_seen` of the SKIPDATA records (Unix s). One row without interface and hour sums up the records without them, and
the rows beyond the bound."""


class Settled(NamedTuple):
    """contacts → detect: the contacts of a batch with their outcomes, and among them the connections to login ports."""

    contacts: Contacts
    logins: Logins


class Observed(Value, frozen=True):
    """contacts, capture_gaps → detect: the observations of a batch. `down` has a row for each service that no longer
    answers its clients (see detect/scans/service_down.py), `left_out` describes sources that are not recorded (see
    detect/limits.py), and `dropped_sources` counts those that were not even kept in memory (see
    contacts/thinning.py).
    """

    contacts: Contacts
    logins: Logins
    capture_gaps: CaptureGaps
    down: pl.DataFrame = field(default_factory=pl.DataFrame)
    left_out: pl.DataFrame = field(default_factory=pl.DataFrame)
    dropped_sources: int = 0


class RejectedLines(Struct):
    """Lines that are no valid record: counts by reason, and a bounded sample of (line number, reason, text)."""

    counts: Counter[str] = field(default_factory=Counter)
    sample: list[tuple[int, str, str]] = field(default_factory=list)

    max_sample_lines = 100

    def add(self, other: "RejectedLines") -> None:
        self.counts.update(other.counts)
        self.sample.extend(other.sample[: self.max_sample_lines - len(self.sample)])

    @property
    def total(self) -> int:
        return self.counts.total()


class Parsed(Value, frozen=True):
    """The parsed lines of a chunk: every line is either a row of `records` or counted in `rejected`."""

    records: Records
    rejected: RejectedLines
    lines: int


class ParsedSource(Value, frozen=True):
    """One of several sources that were parsed together: its lines, those of them that are no records, and its rows, one
    frame for each of its formats. `damage` is why it is unreadable; then it has no rows.
    """

    lines: int
    rejected: RejectedLines
    rows: Sequence[Records] = ()
    damage: UnreadableError | None = None


class Subscription(Value, frozen=True):
    """decode → pipeline: one CloudWatch Logs payload. `text` has a line per log event; empty for a control message."""

    owner: str
    log_group: str
    log_stream: str
    text: bytes
    is_control: bool = False
