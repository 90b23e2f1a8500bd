"""What each stage takes of one file: `python -m benchmarks.measured.stages FILE` prints it as JSON.

The stages run one after the other over all chunks, each on what the stage before it left, so that no other stage works
at the same time, as decoding, parsing and writing do in the pipeline. Their sum is therefore what the pipeline takes by
processor time, and more than it takes on the clock.
"""

import json
import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.guard.timing import Took, least, timed
from benchmarks.made_traffic import Company
from benchmarks.measured.subjects import blocks
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.decode import object_texts
from flowsentry.detect.scans.source_evidence import with_source_scopes
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink
from flowsentry.enrich import enrich
from flowsentry.explain.flows import FlowExplainer
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.parse import flows_of, parse_chunk
from flowsentry.pipeline import Context, Stores
from flowsentry.pipeline.judging import Clock, judged
from flowsentry.pipeline.outcome import SourceTotals

Profile = dict[str, Took]
"""What each stage took, in the order of the pipeline."""


def profiler() -> Callable[[Path], Profile]:
    """Takes a file through the stages, against an inventory of 10,000 interfaces."""
    context = Context(Company(random.Random(7)).inventory(), names_talkers=True)
    folder = tempfile.TemporaryDirectory()

    def run(path: Path) -> Profile:
        profile: Profile = {}
        _run(path, context, EnrichedFile(Path(folder.name) / "enriched.parquet"), profile)
        return profile

    return run


def _run(path: Path, context: Context, file: EnrichedFile, profile: Profile) -> None:
    space = context.address_space
    totals, aggregator = SourceTotals(context, math.inf), ContactAggregator()
    explainer = FlowExplainer(space)
    with _stage("decode", profile):
        texts = list(object_texts(blocks(path), trial=tried))
    with _stage("parse", profile):
        parsed = [each for text in texts for each in parse_chunk(text)]
    with _stage("enrich", profile):
        flows = [enrich(flows_of(each.records), space) for each in parsed]
    with _stage("explain", profile):
        explained = [explainer.explained(each) for each in flows]
    with _stage("write Parquet", profile), EnrichedSink(file) as sink:
        for rows in explained:
            sink.write(rows)
    with _stage("measure, talkers, bill", profile):
        for chunk, enriched in zip(parsed, flows, strict=True):
            totals.add(chunk, enriched, enriched)
        outcome = totals.whole()
    with _stage("contacts", profile):
        for enriched in flows:
            aggregate(enriched, aggregator)
        settled = with_source_scopes(aggregator.settle())
    with _stage("detect", profile):
        stores, dropped = Stores(EvidenceInMemory(), FindingsInMemory()), aggregator.dropped_sources
        judged(settled, outcome.capture_gaps, context, stores, Clock(), dropped)


@contextmanager
def _stage(name: str, profile: Profile) -> Iterator[None]:
    with timed() as took:
        yield
    [profile[name]] = took


def least_by_stage(profiles: list[Profile]) -> Profile:
    """The least of all rounds for each stage."""
    return {stage: least([profile[stage] for profile in profiles]) for stage in profiles[0]}


if __name__ == "__main__":
    print(json.dumps({stage: asdict(took) for stage, took in profiler()(Path(sys.argv[1])).items()}))
