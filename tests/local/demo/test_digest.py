"""The digest of the demo is sent at once, and by the deployed notifier's own rule."""

from local.demo.account import DIGEST_MINUTES
from local.demo.digest import entries_of_digest, send_digest
from tests.local.demo.fakes import FakeAws, embedded

FOUND_AT = 1_770_000_000


def test_only_findings_for_the_digest_are_dated_back_by_its_window_before_the_schedule_fires() -> None:
    aws = FakeAws(background=1)
    told: list[str] = []
    send_digest(embedded(aws), told.append)
    [entry] = entries_of_digest(embedded(aws))
    assert aws.waiting_since == {entry.finding.id: FOUND_AT - 60 * DIGEST_MINUTES}
    assert told == ["dating 1 findings back by a minute, so that their digest is sent without a wait"]
