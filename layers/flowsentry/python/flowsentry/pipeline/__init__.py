"""Takes one source through the stages. The only place that knows their order:
decode → parse → enrich → explain → enriched Parquet → measure, talkers → contacts → evidence → detect.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import islice
from typing import TypeVar

import polars as pl

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.detect.scans.source_evidence import with_source_scopes
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink
from flowsentry.enrich import enrich
from flowsentry.errors import CutOffError
from flowsentry.explain.flows import FlowExplainer
from flowsentry.frames import LogChunk, Parsed, ParsedSource, SmallSource
from flowsentry.parse import flows_of, parse_chunk, parse_together, unreadable
from flowsentry.pipeline.context import Context, Stores
from flowsentry.pipeline.judging import Clock, judged
from flowsentry.pipeline.outcome import MAX_UNKNOWN_INTERFACES, Outcome, SourceTotals
from flowsentry.records.clock_skew import without_far_future_flows, without_far_future_gaps

__all__ = [
    "MAX_TOGETHER_BYTES",
    "MAX_UNKNOWN_INTERFACES",
    "Clock",
    "Context",
    "Outcome",
    "Stores",
    "process",
    "process_together",
]

MAX_TOGETHER_BYTES = 16 << 20
"""Text of the sources that are processed together, as much as decode puts into a chunk (`CHUNK_BYTES`). Larger: fewer
and larger enriched files, and more memory. Smaller: the fixed cost of a source is paid more often."""

Item = TypeVar("Item")


def process(
    texts: Iterable[LogChunk],
    context: Context,
    stores: Stores,
    enriched: EnrichedFile | None = None,
    now: float = math.inf,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> Outcome:
    """The outcome of one source, after its enriched Parquet was written to `enriched` (no file where no record has
    traffic) and its evidence and findings were stored. Records that end after `now`, Unix seconds, are in the future;
    by default none is.

    Effects happen once, after the end of the texts, since a damaged source shows only there. Raises PoisonError (never
    retry) without any effect when the source is no flow log, and RetryableError when a store can't be reached: a retry
    is harmless, since stores merge evidence and put a finding once.
    """
    return _process_parsed(_parsed(texts), context, stores, enriched, Clock(now, seconds_left))


def process_together(
    sources: Sequence[SmallSource],
    context: Context,
    stores: Stores,
    enriched: EnrichedFile | None = None,
    now: float = math.inf,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> tuple[Outcome, list[ParsedSource]]:
    """The outcome of many small sources as one, with one enriched file; and what became of each source, in order. Those
    of one format are one frame in all stages, so a stage costs what it costs for one source. Their texts should have
    at most MAX_TOGETHER_BYTES in all: everything that is made of them is in memory at once.

    Sources that are unreadable have no part in the outcome: process them alone. The others have the rows, findings and
    sums of one source with all their lines. Raises what `process` raises, without or with all of the effects.
    """
    parsed, each = parse_together(sources)
    return _process_parsed(parsed, context, stores, enriched, Clock(now, seconds_left)), each


def _process_parsed(
    chunks: Iterable[Parsed], context: Context, stores: Stores, enriched: EnrichedFile | None, clock: Clock
) -> Outcome:
    now = clock.now
    totals, aggregator = SourceTotals(context, now), ContactAggregator()
    explainer, outcome = FlowExplainer(context.address_space), totals.outcome
    with EnrichedSink(enriched) if enriched else nullcontext() as sink:
        try:
            for parsed in chunks:
                flows = enrich(flows_of(parsed.records), context.address_space)
                if sink:
                    sink.write(explainer.explained(flows))
                if stores.flows:
                    stores.flows.add(parsed.records, flows)
                timely = without_far_future_flows(flows, now)
                totals.add(parsed, flows, timely)
                aggregate(timely, aggregator)
                del parsed, flows, timely  # the last chunk is not held while contacts are settled
            outcome.damage = unreadable(outcome.lines, outcome.rejected)
        except CutOffError as damage:
            outcome.damage = damage
        if not outcome.lines:
            return outcome
        settled = with_source_scopes(aggregator.settle())
        capture_gaps = without_far_future_gaps(outcome.capture_gaps, now)
        outcome.findings = judged(settled, capture_gaps, context, stores, clock, aggregator.dropped_sources)
        return totals.whole()  # the last rows are written meanwhile


def _parsed(texts: Iterable[LogChunk]) -> Iterator[Parsed]:
    """The records of each chunk. Decoding is one chunk ahead of what follows it, and so is parsing where polars has two
    threads: with one, for a function of one vCPU, it would gain no time and hold a chunk more. A single chunk, as of a
    payload, is awaited: to start two threads takes longer than to parse some records.
    """
    if isinstance(texts, Sequence) and len(texts) <= 1:
        return _each_parsed(iter(texts))
    parsed = _each_parsed(_ahead(texts))
    return _ahead(parsed) if pl.thread_pool_size() > 1 else parsed


def _each_parsed(texts: Iterator[LogChunk]) -> Iterator[Parsed]:
    """The records of each chunk, whose text is not held beside them."""
    while (parts := _next_parsed(texts)) is not None:
        yield from parts


def _next_parsed(texts: Iterator[LogChunk]) -> Iterator[Parsed] | None:
    text = next(texts, None)
    return None if text is None else parse_chunk(text)


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is worked on. Inflating takes one processor, and so
    does most of what comes after parsing; together they fill two.
    """
    waiting = iter(items)

    def following() -> list[Item]:
        return list(islice(waiting, 1))

    with ThreadPoolExecutor(1) as maker:
        made = maker.submit(following)
        while item := made.result():
            made = maker.submit(following)
            yield item.pop()
