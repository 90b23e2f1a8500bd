"""The types on the arrows: what each stage hands to the next, and what it promises."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, NewType

import polars as pl

MAX_LINE_BYTES = 64 << 10
"""A longer line is no flow log record (54 fields are some 2 KB): decode cuts it to just more, parse rejects it."""


@dataclass(frozen=True, slots=True)
class LogText:
    """decode → parse: whole lines of one source and the order of their fields, as the header or the log format says.

    `text` is a bounded chunk that ends with a newline (or is empty); `first_line` is the number of its first line in
    the source, the header being line 1.
    """

    names: tuple[str, ...]
    text: bytes
    first_line: int


@dataclass(frozen=True, slots=True)
class MixedText:
    """decode → parse: whole lines of one source whose format is one of several, as where several flow logs write to one
    log group. Each line is of the one format that it fits, by its types and not by a count; otherwise it is rejected.
    """

    formats: tuple[tuple[str, ...], ...]
    text: bytes
    first_line: int


@dataclass(frozen=True, slots=True)
class LogTable:
    """decode → parse: some rows of a Parquet file, with the column names and types that its writer chose.

    Columns are of single values, and no field has two. `first_line` is the number of its first row in the file, as if
    each were a line below a header.
    """

    rows: pl.DataFrame
    first_line: int


LogChunk = LogText | MixedText | LogTable
"""A bounded part of a source, in whichever of the forms its container has."""

Records = NewType("Records", pl.DataFrame)
"""parse → …: one typed row for each good line, in the order of the text, NODATA and SKIPDATA rows included. Columns are
the format's fields by AWS's names with `_` for `-`, in the order of the format. A tag's value is percent-decoded."""

Flows = NewType("Flows", pl.DataFrame)
"""parse → enrich: the rows of Records that tell of traffic. The fields of version 2 are always there as columns, filled
with null where the format does not have them."""

EnrichedFlows = NewType("EnrichedFlows", pl.DataFrame)
"""enrich → contacts, measure, emit: Flows, same rows in the same order, with these columns of ours:
`is_rejected` (false without an action), `direction` (as the interface or gateway sees it; null where it can't be told),
`scope` (VPC of the interface, or the transit gateway, or `unknown`), `source_scope` and `destination_scope` (in which
the address of that end means something: the interface's VPC; of a transit gateway's record the VPC at that end, else
the gateway), `source_address` and `destination_address` (as in the packet), `source_is_inside` and
`destination_is_inside`, of the owner at the time of the flow `source_owner_kind`, `_id`, `_name`, `_account_id`,
`_vpc_id`, `_subnet_id`, `_az_id`, of an outside address `source_country`, `source_asn`, `source_network`, all these of
`destination_` as well, `is_ipv6`, `service`."""

ExplainedFlows = NewType("ExplainedFlows", pl.DataFrame)
"""explain → emit: EnrichedFlows, same rows in the same order, with what refused the rejected ones: `refused_layer`
(security_group, network_acl, …), `refused_by` (ids with a space between), `refused_rule` (of a network ACL)."""

Contacts = NewType("Contacts", pl.DataFrame)
"""contacts → detect: a row for each (scope, initiator, responder, responder_port, protocol, day) with its outcome.
`refused_at` is an interface whose rules refused it, `reply_refused_at` one whose rules refused the reply to what it had
let through, whatever the outcome: an answer that left the responder may be refused at the initiator."""

Logins = NewType("Logins", pl.DataFrame)
"""contacts → detect: a row for each TCP connection to a login port (services.LOGIN_PORTS) that carried packets:
`scope`, `initiator`, `initiator_port`, `responder`, `responder_port`, `day` (as of Contacts), `packets` (the most that
the initiator sent in one record: records are never cut by how they are delivered), `first_seen`, `last_seen`,
`initiator_is_inside`, `responder_is_inside`, `is_whole` (whether a record that has data in it shows all of it, from SYN
to FIN or RST; without tcp-flags, whether one has data in it), `is_heard` (whether its server said something in the
same batch), `is_answered` (whether it was heard, or ended by FIN as only an answered one is). Openings that nothing
answered are none.
"""

Measurements = NewType("Measurements", pl.DataFrame)
"""measure → emit: a row for each minute and VPC or transit gateway, and for each attachment that lost packets there:
`minute` (Unix s), `observer` (vpc or transit_gateway), `scope`, `attachment` (null but for those), `flows`, `bytes`,
`packets`, `rejected_flows`, `rejected_inbound_flows`, `rejected_outbound_flows`, `packets_lost_no_route`,
`packets_lost_blackhole`, `packets_lost_mtu_exceeded`, `packets_lost_ttl_expired`. Sums of disjoint rows."""

OwnerSums = NewType("OwnerSums", pl.DataFrame)
"""measure → emit: a row for each minute, VPC and owner of an interface there: `minute` (Unix s), `scope`, `owner_id`,
`owner_kind`, `owner_name`, `bytes` that it sent, and `rejected_flows` refused at it. Sums of disjoint rows."""

CaptureGaps = NewType("CaptureGaps", pl.DataFrame)
"""tally → detect: a row for each `interface` (text) and `hour` (Unix s) of its records without traffic: `scope`
(its VPC or transit gateway, where any of them says it), `nodata`, `skipdata`, and `first_seen` and `last_seen` of the
latter (Unix s). One row without interface and hour holds the records that name none, and those beyond the bound."""


class Settled(NamedTuple):
    """contacts → detect: the contacts of a batch with their outcomes, and among them the connections to login ports."""

    contacts: Contacts
    logins: Logins


@dataclass(frozen=True, slots=True)
class Observed:
    """contacts, tally → detect: what a batch shows. `down` has a row for each service that answers its clients no more:
    see detect/scans/service_down.py; `left_out` tells of sources that are not recorded: see detect/limits.py;
    `dropped_sources` were not even held: see contacts/thinning.py.
    """

    contacts: Contacts
    logins: Logins
    capture_gaps: CaptureGaps
    down: pl.DataFrame = field(default_factory=pl.DataFrame)
    left_out: pl.DataFrame = field(default_factory=pl.DataFrame)
    dropped_sources: int = 0


@dataclass(slots=True)
class RejectedLines:
    """Lines that are no record: counted by reason, with a bounded sample of (line number, reason, text)."""

    counts: Counter[str] = field(default_factory=Counter)
    sample: list[tuple[int, str, str]] = field(default_factory=list)

    max_sample_lines = 100

    def add(self, other: "RejectedLines") -> None:
        self.counts.update(other.counts)
        self.sample.extend(other.sample[: self.max_sample_lines - len(self.sample)])

    @property
    def total(self) -> int:
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of the lines of a chunk: every line is a row of `records` or counted in `rejected`."""

    records: Records
    rejected: RejectedLines
    lines: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """decode → pipeline: one CloudWatch Logs payload. `text` has a line per log event; empty for a control message."""

    owner: str
    log_group: str
    log_stream: str
    text: bytes
    is_control: bool = False
