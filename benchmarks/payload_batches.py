"""Processor time of a payload in a batch of the data stream, decoded and processed as one source with its neighbours,
beside the same payloads one by one: the fixed cost of a source is paid once, and the rest by the record.
"""

import gzip
import itertools
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.guard import one_processor, yardstick  # noqa: F401 - one_processor is for its effect
from benchmarks.guard.rows import Row, figure_at_least, figure_at_most
from benchmarks.guard.timing import Took, least, of_one
from benchmarks.made_traffic import V5_NAMES, Company, lines
from flowsentry.decode import subscription, subscription_text
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.frames import SmallSource
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process, process_together

PAYLOADS, RECORDS = 100, 40
"""A minute of a hundred interfaces; a payload has mostly some 40 records."""
MAX_MILLISECONDS, MIN_TIMES = 1.5, 8.0
"""Of a payload in the batch, and how many times the speed of a payload alone it has at least. The latter is not guarded
against the landed one: it falls when a payload alone gets faster."""
COMPANY = 500
BLOCKS, ALONE = 6, 10
"""Batches, and payloads that are processed alone beside each."""
FORMAT = " ".join(f"${{{name}}}" for name in V5_NAMES)


def rows() -> Iterator[Row]:
    """What a payload of the batch takes, and how many times longer it takes alone."""
    company = Company(random.Random(7), COMPANY)
    made, context = lines(company, V5_NAMES), Context(company.inventory(), names_talkers=True)
    together: list[Took] = []
    alone: list[Took] = []
    works: list[Took] = []
    with tempfile.TemporaryDirectory() as folder:
        processor = _Processor(context, EnrichedFile(Path(folder) / "enriched.parquet"))
        for _ in range(BLOCKS):
            batch = [_payload(number, list(itertools.islice(made, RECORDS))) for number in range(PAYLOADS)]
            together.append(of_one(lambda batch=batch: processor.together(batch)))  # type: ignore[misc]
            alone.append(of_one(lambda batch=batch: processor.one_by_one(batch[:ALONE])))  # type: ignore[misc]
            works.append(of_one(yardstick.work, 5))
    of_each = least(together[1:]).processor_seconds / PAYLOADS
    times = least(alone[1:]).processor_seconds / ALONE / of_each
    subject = f"29 fields, {RECORDS} records, {PAYLOADS} payloads together"
    ratio = of_each / least(works).processor_seconds
    yield Row(f"{subject}: each", of_each * 1e3, "ms", ratio, yardstick.NAME, figure_at_most(MAX_MILLISECONDS))
    yield Row(f"{subject}: times as fast as alone", times, "", bound=figure_at_least(MIN_TIMES))


class _Processor:
    """Both ways to process payloads, each with its own stores."""

    def __init__(self, context: Context, file: EnrichedFile) -> None:
        self._context, self._file = context, file
        self._stores = [Stores(EvidenceInMemory(), FindingsInMemory()) for _ in range(2)]

    def together(self, batch: Sequence[bytes]) -> None:
        sources = [_source(payload) for payload in batch]
        process_together(sources, self._context, self._stores[0], self._file)

    def one_by_one(self, batch: Sequence[bytes]) -> None:
        for payload in batch:
            process(_source(payload).chunks, self._context, self._stores[1], self._file)


def _source(payload: bytes) -> SmallSource:
    decoded = subscription(payload)
    return SmallSource(decoded.log_stream, (subscription_text(decoded, FORMAT),))


def _payload(number: int, records: Sequence[str]) -> bytes:
    """What CloudWatch Logs sends, after base64."""
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "flow-logs",
        "logStream": f"eni-{number:017x}-all",
        "subscriptionFilters": ["flowsentry"],
        "logEvents": [{"id": f"{at:056d}", "timestamp": at, "message": line} for at, line in enumerate(records)],
    }
    return gzip.compress(json.dumps(envelope).encode(), 6, mtime=0)
