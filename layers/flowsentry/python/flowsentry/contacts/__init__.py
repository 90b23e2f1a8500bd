"""EnrichedFlows -> Contacts: who opened what to whom, and was it answered.

Flow logs write one record per direction, per interface, per interval, and replies look like scans of ephemeral ports.
So records first become signs (of an opening, of an answer, of a refusal) about a contact: (scope, initiator, responder,
responder port, protocol, day). Signs add up in any order, so chunks and batches can be joined; only then is the outcome
settled. What tells an opening from a reply depends on whether the format has tcp-flags.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.contacts.by_flags import signs_by_flags
from flowsentry.contacts.by_ports import Conversations, conversations_of, signs_by_ports, signs_of_conversations
from flowsentry.contacts.signs import TCP, add_up, outcomes, signs_of_rejects
from flowsentry.frames import Contacts, EnrichedFlows

__all__ = ["Gathering", "contacts", "gather"]


class Gathering:
    """What the chunks of one source add up to so far. Bounded by the number of distinct contacts, not of records."""

    def __init__(self) -> None:
        self._signs: list[pl.DataFrame] = []
        self._conversations: list[Conversations] = []
        self._rows = 0

    def add(self, signs: Sequence[pl.DataFrame], conversations: Conversations | None) -> None:
        """Takes one chunk's signs in; adds up now and then, so that repeated contacts are held once."""
        self._signs.extend(signs)
        if conversations is not None:
            self._conversations.append(conversations)
        self._rows += sum(len(frame) for frame in signs)
        if self._rows > MAX_UNMERGED_ROWS:
            self._signs = [add_up(self._signs)]
            self._rows = len(self._signs[0]) // 2

    def settle(self) -> Contacts:
        """The contacts with their outcomes."""
        if self._conversations:
            self._signs.append(signs_of_conversations(self._conversations))
        return outcomes(add_up(self._signs))


MAX_UNMERGED_ROWS = 2_000_000
"""Signs held before they are added up. More: more memory. Fewer: the same contacts are added up more often."""


def gather(flows: EnrichedFlows, into: Gathering) -> None:
    """Takes the signs of one chunk of flows in."""
    tcp = flows.filter(pl.col("protocol") == TCP)
    rejects = signs_of_rejects(flows)
    if "tcp_flags" in flows.columns:
        into.add([rejects, signs_by_flags(tcp)], None)
    else:
        into.add([rejects, signs_by_ports(tcp)], conversations_of(tcp))


def contacts(flows: EnrichedFlows) -> Contacts:
    """The contacts of a batch that is small enough to be taken at once: a row for each (scope, initiator, responder,
    responder_port, protocol, day) with `outcome` answered, refused, unanswered, rejected or doubtful.
    """
    gathering = Gathering()
    gather(flows, gathering)
    return gathering.settle()
