"""CloudWatch Logs payloads: found in every event that has them, read with the formats of their log group."""

from pathlib import Path
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.payload_parts import delivered, is_from_stream
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.object_store import ObjectStore
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, DEFAULT_NAMES
from flowsentry.records.object_key import Origin
from tests.aws.ingest.test_processing import Requests
from tests.builders import ACCOUNT, line
from tests.lambdas.payloads import NO_GZIP, of_stream, of_subscription, payload
from tests.moto_world import (
    INVENTORY_KEY,
    LOG_FORMATS_PARAMETER,
    OUTPUT_BUCKET,
    REGION,
    keys_in,
    make_bucket,
    make_flow_log,
    make_log_formats,
)

GROUP = "/not/ours"
REVERSED = " ".join(f"${{{name}}}" for name in reversed(DEFAULT_NAMES))


class Sources(SourceProcessor):
    """A source processor that records the origins of its sources."""

    def process(self, *arguments: Any, origin: Origin | None = None, **more: Any) -> Any:
        self.origin = origin
        return super().process(*arguments, origin=origin, **more)


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayloadProcessor:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    make_bucket(OUTPUT_BUCKET)
    make_log_formats()
    inventory = InventoryStore(OUTPUT_BUCKET, INVENTORY_KEY, clients.s3())
    stores = (EvidenceInMemory(), FindingsInMemory(), inventory, ObjectStore(clients.s3()))
    sources = Sources(*stores, OUTPUT_BUCKET, Requests(), region=REGION)
    return PayloadProcessor(sources, LogFormats(LOG_FORMATS_PARAMETER, clients.ssm()))


def test_a_group_known_only_to_ec2_is_read_by_the_format_of_its_flow_log(processor: PayloadProcessor) -> None:
    make_flow_log(GROUP, REVERSED)
    outcome = processor.process(payload(line(tuple(reversed(DEFAULT_NAMES))), line(DEFAULT_NAMES), log_group=GROUP))
    assert (outcome.accepted_records, outcome.rejected.total) == (1, 1)


def test_an_unknown_group_raises_poison(processor: PayloadProcessor) -> None:
    with pytest.raises(PoisonError, match="add it, then redrive") as poison:
        processor.process(payload(line(DEFAULT_NAMES), log_group=GROUP))
    assert poison.value.reason == "unknown-log-group"


def test_each_line_of_a_group_with_several_formats_is_read_by_its_own(processor: PayloadProcessor) -> None:
    make_log_formats({GROUP: [DEFAULT_LOG_FORMAT, REVERSED]})
    lines = [line(DEFAULT_NAMES), line(tuple(reversed(DEFAULT_NAMES))), "neither"]
    outcome = processor.process(payload(*lines, log_group=GROUP))
    assert (outcome.accepted_records, outcome.rejected.total) == (2, 1)


def test_the_origin_of_a_payload_is_its_owner_and_the_region_of_the_function(processor: PayloadProcessor) -> None:
    make_flow_log(GROUP)
    processor.process(payload(line(DEFAULT_NAMES), log_group=GROUP))
    assert isinstance(processor.sources, Sources)
    assert processor.sources.origin == Origin(ACCOUNT, REGION, None)


def test_an_event_of_a_subscription_holds_one_payload_and_a_batch_of_a_stream_one_in_each_record() -> None:
    assert [each.data for each in delivered(of_subscription("a"))] == ["a"]
    assert [each.data for each in delivered(of_stream("a", "b"))] == ["a", "b"]
    assert (is_from_stream(of_subscription("a")), is_from_stream(of_stream("a"))) == (False, True)


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": [{"eventSource": "aws:kinesis"}]}, [], None])
def test_any_other_event_raises_poison(event: Any) -> None:
    with pytest.raises(PoisonError) as poison:
        delivered(event)
    assert poison.value.reason == "not-a-subscription"


def test_valid_payloads_are_recovered_and_the_others_are_named_in_one_error(processor: PayloadProcessor) -> None:
    good, unknown = payload(line(DEFAULT_NAMES)), payload(line(DEFAULT_NAMES), log_group=GROUP)
    with pytest.raises(PoisonError, match=r"unknown-log-group: .*; payload-not-gzip: ") as poison:
        processor.recover(of_stream(unknown, good, NO_GZIP))
    assert poison.value.reason == "unknown-log-group"
    assert str(poison.value).startswith("2 of 3 payloads of a batch: ")
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1


def test_a_single_payload_raises_poison_with_its_own_reason(processor: PayloadProcessor) -> None:
    for event in (of_subscription(NO_GZIP), of_stream(NO_GZIP)):
        with pytest.raises(PoisonError) as poison:
            processor.recover(event)
        assert (poison.value.reason, str(poison.value)[:23]) == ("payload-not-gzip", "the payload is not gzip")


def test_a_transient_error_of_a_payload_is_raised_before_the_other_payloads_are_processed(
    processor: PayloadProcessor,
) -> None:
    clients.ssm().delete_parameter(Name=LOG_FORMATS_PARAMETER)
    with pytest.raises(RetryableError):
        processor.recover(of_stream(NO_GZIP, payload(line(DEFAULT_NAMES)), payload(line(DEFAULT_NAMES))))
