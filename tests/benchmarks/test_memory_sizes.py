"""The default memory of the processors is what the curve of time and cost says."""

from itertools import pairwise

from benchmarks.memory_sizes import chosen, curve, works
from stacks.settings.operation import ObjectProcessor, StreamProcessor

OF_PAYLOADS, OF_OBJECTS = ("payload", "batch"), "75 MB"


def test_the_stream_processor_has_what_is_best_for_batches_and_enough_for_payloads() -> None:
    sizes = [chosen(work) for work in works() if work.name.startswith(OF_PAYLOADS)]
    assert max(sizes) == StreamProcessor().memory_mb


def test_the_object_processor_has_what_is_best_for_the_largest_object() -> None:
    [largest] = [work for work in works() if OF_OBJECTS in work.name]
    assert chosen(largest) == ObjectProcessor().memory_mb


def test_more_memory_is_never_slower_and_always_dearer() -> None:
    for work in works():
        for less, more in pairwise(curve(work)):
            assert more.seconds <= less.seconds
            assert more.dollars > less.dollars
