"""Sends traffic as AWS would: in order of time, to each network's destination, with three invalid lines."""

import gzip

from local.demo.sending import BAD_LINES, BATCH_SECONDS
from local.traffic.delivery import FILE_SECONDS
from tests.local.demo.fakes import NOON, OFFICE, SHOP, FakeAws, record, sending


def test_each_network_is_sent_to_its_destination_in_order_of_time() -> None:
    aws = FakeAws()
    office = [record(OFFICE, NOON + step * BATCH_SECONDS + 100) for step in range(3)]
    shop = [record(SHOP, NOON + step * BATCH_SECONDS + 700) for step in range(3)]
    sending(aws, office=office, shop=shop).send_all(ignore)
    kinds = ["events" if isinstance(content, list) else "object" for _, content in aws.delivered]
    assert kinds == ["events", "object"] * 3


def test_every_record_is_sent_once() -> None:
    aws = FakeAws()
    office = [record(OFFICE, NOON + second, f"eni-{second % 3}") for second in range(100, 7_000, 100)]
    shop = [record(SHOP, NOON + second) for second in range(100, 7_000, 100)]
    sent = sending(aws, office=office, shop=shop)
    sent.send_all(ignore)
    events = [message for _, content in aws.delivered if isinstance(content, list) for message in content]
    assert len(events) == len(set(events)) == len(office)
    assert sum(len(lines_in(content)) for content in objects(aws)) == len(shop) + len(BAD_LINES)
    assert sent.records == len(office) + len(shop)


def test_invalid_lines_are_added_once_to_the_first_object() -> None:
    aws = FakeAws()
    sending(aws, shop=[record(SHOP, NOON + step * FILE_SECONDS) for step in range(3)]).send_all(ignore)
    first, *others = (lines_in(content) for content in objects(aws))
    assert first[-len(BAD_LINES) :] == list(BAD_LINES)
    assert not [line for lines in others for line in lines if line in BAD_LINES]


def test_progress_is_reported_in_five_steps() -> None:
    reported: list[str] = []
    sending(FakeAws(), shop=[record(SHOP, NOON + step * FILE_SECONDS) for step in range(10)]).send_all(reported.append)
    assert [line.split() for line in reported] == [
        [f"{percent}", "%", "of", "the", "traffic", "sent"] for percent in (20, 40, 60, 80, 100)
    ]


def test_without_traffic_nothing_is_sent() -> None:
    aws, reported = FakeAws(), list[str]()
    sending(aws).send_all(reported.append)
    assert (aws.delivered, reported) == ([], [])


def test_an_alert_is_timed_from_the_delivery_of_its_last_record() -> None:
    sent = sending(FakeAws())
    sent.sent_at[OFFICE.vpc_id] = [(NOON + 60, 1_000.0), (NOON + 120, 1_001.0), (NOON + 180, 1_002.0)]
    assert sent.seconds_until(OFFICE.vpc_id, NOON + 100, 1_004.5) == 3.5
    assert sent.seconds_until(OFFICE.vpc_id, NOON + 999, 1_004.5) == 0.0


def ignore(_line: str) -> None:
    """Ignores progress."""


def objects(aws: FakeAws) -> list[bytes]:
    return [content for _, content in aws.delivered if isinstance(content, bytes)]


def lines_in(content: bytes) -> list[str]:
    """The lines of an object without its header."""
    return gzip.decompress(content).decode().splitlines()[1:]
