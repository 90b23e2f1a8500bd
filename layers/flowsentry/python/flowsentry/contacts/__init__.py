"""EnrichedFlows -> Contacts: which endpoint opened a connection to which, and whether it was answered.

Flow logs write one record per direction, per interface, per interval, and replies look like scans of ephemeral ports.
So records first become evidence (of an opening, of an answer, of a refusal) about a contact: (scope, initiator,
responder, responder port, protocol, day). Evidence adds up in any order, so chunks and batches can be joined; only then
is the outcome settled. How an opening is distinguished from a reply depends on whether the format has tcp-flags.
"""

import polars as pl

from flowsentry.contacts.by_flags import evidence_by_flags, evidence_by_flags_with_acks
from flowsentry.contacts.by_ports import evidence_by_ports, with_port_facts
from flowsentry.contacts.connection_evidence import (
    ConnectionEvidence,
    columns_of,
    evidence_of_rejects,
    in_one,
    with_day,
)
from flowsentry.contacts.conversations import Conversations, conversations_of, evidence_of_conversations
from flowsentry.contacts.intermediaries import openings_counted_once, with_forwarders, without_gateway_traffic
from flowsentry.contacts.logins import LoginRecords, logins_in
from flowsentry.contacts.outcomes import add_up, distinct_established, settled
from flowsentry.contacts.replies import Exchanges, answered_over_udp, without_replies
from flowsentry.contacts.thinning import MAX_OPENINGS, conversing, thinned, thinned_conversations
from flowsentry.frames import Contacts, EnrichedFlows, Settled
from flowsentry.records.code_names import TCP
from flowsentry.records.fields import is_of_transit_gateway

__all__ = ["ContactAggregator", "aggregate", "contacts"]

MAX_UNMERGED_ROWS = 500_000
"""Rows of established connections that are held until those of the same contact are merged. More: more memory. Fewer:
the same contacts are merged more often."""


class ContactAggregator:
    """Adds up the evidence of the chunks of one source. Memory follows the number of distinct contacts, not of records.
    `dropped_sources` counts the outside sources with one contact each that were too many to keep.
    """

    def __init__(self) -> None:
        self.exchanges = Exchanges()
        self.login_records = LoginRecords()
        self._established: list[pl.DataFrame] = []
        self._distinct: list[pl.DataFrame] = []
        self._openings: list[pl.DataFrame] = []
        self._replies: list[pl.DataFrame] = []
        self._conversations: list[Conversations] = []
        self._rows, self._opened_rows, self._most_opened_rows = 0, 0, MAX_OPENINGS
        self._conversation_rows, self._most_conversation_rows = 0, MAX_OPENINGS
        self.dropped_sources = 0

    def add(self, evidence: ConnectionEvidence) -> None:
        """Adds the evidence of one chunk."""
        self._established.append(evidence.established)
        self._openings.append(evidence.openings)
        self._replies.append(evidence.replies)
        self._opened_rows += len(evidence.openings)
        if self._opened_rows > self._most_opened_rows:
            self._thin()
        self._rows += len(evidence.established)
        if self._rows > MAX_UNMERGED_ROWS:
            self._distinct = [distinct_established([*self._distinct, *self._established])]
            self._established, self._rows = [], 0

    def _thin(self) -> None:
        """Drops openings of some sources where there are too many: see thinning.py."""
        openings, replies, dropped = thinned(self._openings, self._replies, conversing(self._conversations))
        self._openings, self._replies = [openings], [replies]
        self.dropped_sources += dropped
        self._opened_rows = len(openings)
        self._most_opened_rows = max(MAX_OPENINGS, 2 * len(openings))

    def add_conversations(self, conversations: Conversations) -> None:
        """Adds the conversations of one chunk, after its other evidence."""
        self._conversations.append(conversations)
        self._conversation_rows += len(conversations)
        if self._conversation_rows > self._most_conversation_rows:
            rows, dropped = thinned_conversations(self._conversations, self._openings)
            self._conversations, self._conversation_rows = [Conversations(rows)], len(rows)
            self._most_conversation_rows = max(MAX_OPENINGS, 2 * len(rows))
            self.dropped_sources += dropped

    def settle(self) -> Settled:
        """The contacts with their outcomes, and the logins among them. Consumes the evidence, so that it is not held in
        memory beside the contacts.
        """
        if self._conversations and (evidence := evidence_of_conversations(self._conversations, self._openings)):
            self._conversations = []
            self.add(evidence)
        opened, refused_replies = self._opened()
        by_udp = answered_over_udp(opened, self.exchanges.accepted_datagrams)
        parts = [*self._distinct, *self._established, *([] if by_udp is None else [by_udp])]
        self._established, self._distinct = [], []
        return Settled(settled(distinct_established(parts), opened, refused_replies), self.login_records.logins())

    def _opened(self) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The contacts that were opened and did not certainly carry data, and the openings whose reply was refused."""
        asked = self.exchanges.refused_datagrams()
        refused = [asked, self.exchanges.refused_tcp(self._openings, self._replies)]
        openings, self._openings = in_one(self._openings), []
        if asked is not None:
            openings = pl.concat([without_replies(openings, asked), asked.select(openings.columns)])
        replies, self._replies = in_one(self._replies), []
        found = [each for each in refused if each is not None]
        return add_up(openings_counted_once(openings), replies), pl.concat(found, how="diagonal") if found else None


def aggregate(flows: EnrichedFlows, into: ContactAggregator) -> None:
    """Adds the evidence of one chunk of flows."""
    seen = without_gateway_traffic(with_forwarders(with_day(flows[columns_of(flows)])), flows.columns)
    rejected = _rejected_among(seen)
    has_acks = is_of_transit_gateway(flows.columns)
    if "tcp_flags" in flows.columns:
        evidence = evidence_by_flags_with_acks(seen) if has_acks else evidence_by_flags(seen)
    else:
        tcp = with_port_facts(_over_tcp(seen))
        evidence = evidence_by_ports(tcp)
    if len(rejected):
        evidence = evidence._replace(openings=in_one([evidence.openings, evidence_of_rejects(rejected)]))
    into.add(evidence)
    if "tcp_flags" not in flows.columns and (conversations := conversations_of(tcp)) is not None:
        into.add_conversations(conversations)
    into.exchanges.add(seen, rejected)
    into.login_records.add(logins_in(seen, has_acks=has_acks))


def _rejected_among(flows: pl.DataFrame) -> pl.DataFrame:
    """The rejected flows."""
    is_rejected = flows["is_rejected"]
    return flows[is_rejected.arg_true()] if is_rejected.any() else flows.clear()


def _over_tcp(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows over TCP, which mostly are all."""
    is_tcp = flows["protocol"] == TCP
    return flows if is_tcp.all(ignore_nulls=False) else flows.filter(is_tcp)


def contacts(flows: EnrichedFlows) -> Contacts:
    """The contacts of a batch that fits into one chunk: a row for each (scope, initiator, responder, responder_port,
    protocol, day) with `outcome` answered, refused, unanswered, rejected or doubtful.
    """
    aggregator = ContactAggregator()
    aggregate(flows, aggregator)
    return aggregator.settle().contacts
