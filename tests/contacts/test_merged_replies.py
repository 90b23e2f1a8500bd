"""Replies of a large source are merged: sums by contact, and proof of a reply by path. See test_contact_laws.py."""

import polars as pl
import pytest

from flowsentry.contacts import merged_replies
from flowsentry.contacts.merged_replies import PATH, MergedReplies

REPLY = {
    "scope": "vpc-1",
    "initiator": "10.0.0.1",
    "responder": "10.0.0.2",
    "responder_port": 443,
    "protocol": 6,
    "day": 20_000,
    "reply_packets": 1,
    "interface_id": "eni-1",
    "initiator_port": 40_000,
    "is_answered": True,
    "is_refused": False,
    "is_open": False,
}
TYPES = {
    **dict.fromkeys(("scope", "initiator", "responder", "interface_id"), pl.Categorical()),
    "responder_port": pl.UInt16(),
    "initiator_port": pl.UInt16(),
    "protocol": pl.UInt8(),
    "day": pl.Int32(),
    "reply_packets": pl.UInt64(),
}


def frame(*ports: int, **values: object) -> pl.DataFrame:
    rows = [{**REPLY, "initiator_port": port, **values} for port in ports]
    return pl.DataFrame(rows, schema_overrides=TYPES)


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> MergedReplies:
    monkeypatch.setattr(merged_replies, "MAX_UNMERGED_REPLIES", 2)
    return MergedReplies()


def unanswered(replies: MergedReplies, *ports: int) -> list[int]:
    return replies.without_known_paths(frame(*ports).select(PATH))["initiator_port"].to_list()


def test_up_to_the_limit_replies_stay_as_they_are(merged: MergedReplies) -> None:
    merged.add(frame(40_000, 40_001))
    assert pl.concat(merged.frames).equals(frame(40_000, 40_001))


def test_beyond_it_replies_of_a_contact_become_one_row_with_their_sums(merged: MergedReplies) -> None:
    merged.add(frame(40_000, 40_001))
    merged.add(frame(40_002, is_refused=True, is_answered=False))
    merged.add(frame(40_003))
    [first, second] = merged.frames
    assert first[["reply_packets", "is_answered", "is_refused", "interface_id"]].rows() == [(3, True, True, None)]
    assert second.equals(frame(40_003))


def test_a_path_of_a_merged_reply_stays_known(merged: MergedReplies) -> None:
    merged.add(frame(40_000, 40_001, 40_002))
    merged.add(frame(40_003))
    assert unanswered(merged, 40_000, 40_002, 40_003, 40_009) == [40_009]


def test_of_too_many_paths_those_that_are_not_held_are_taken_for_answered(
    merged: MergedReplies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_replies, "MAX_PATHS", 100)
    merged.add(frame(*range(40_000, 40_150)))
    asked = unanswered(merged, *range(40_000, 40_150), *range(50_000, 50_100))
    assert 20 <= len(asked) <= 80
    assert min(asked) >= 50_000
