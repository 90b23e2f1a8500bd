"""Parquet test-read in a child process: whatever happens to the child, only the file is set aside."""

import resource
import sys
from collections.abc import Iterator

import pytest

from flowsentry.aws.ingest import parquet_trial
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.decode import object_texts
from flowsentry.decode.parquet import tables
from flowsentry.errors import PoisonError, RetryableError
from tests.decode.test_parquet import ROWS, as_file, as_messages

GOOD = as_file(ROWS)
HARMFUL = """
import os, sys, time
from flowsentry.aws.ingest import parquet_child
read = parquet_child.tables
HARM = {
    b"abort": os.abort,
    b"exit": lambda: os._exit(3),
    b"sleep": lambda: time.sleep(60),
    b"complain": lambda: (os.write(2, b"memory allocation of 9 bytes failed"), os.abort()),
    b"memory": lambda: bytearray(parquet_child.MAX_BYTES + 1),
    b"babble": lambda: print("what is that"),
}
def tables(pieces):
    (data,) = pieces
    harm = next((word for word in HARM if data.endswith(word)), None)
    if harm and data.startswith(b"late"):
        return iter(map(lambda number: HARM[harm]() if number else None, range(2)))
    return HARM[harm]() if harm else read([data])
parquet_child.tables = tables
parquet_child.main()
"""
"""A child that crashes on some files in the ways in which polars crashed on damaged ones."""


@pytest.fixture(autouse=True)
def no_child_from_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    parquet_trial.end_idle()
    monkeypatch.setattr(parquet_trial, "MAX_SECONDS", 20.0)
    yield
    parquet_trial.end_idle()


@pytest.fixture
def harmful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_trial, "_COMMAND", (sys.executable, "-c", HARMFUL))


def steps(data: bytes) -> int:
    return sum(1 for _ in tried(data))


def test_a_valid_file_takes_a_step_for_its_schema_and_one_for_each_table() -> None:
    assert steps(GOOD) == 2
    assert steps(as_file(ROWS.clear())) == 1
    assert len(parquet_trial._IDLE) == 1


@pytest.mark.parametrize("data", [GOOD, as_messages(["a", "b"]), as_file(ROWS, row_group_size=10)])
def test_a_test_read_changes_nothing_in_what_is_read(data: bytes) -> None:
    formats = ["${version}"]
    assert len(list(object_texts([data], formats, tried))) == len(list(object_texts([data], formats)))


def test_one_child_reads_one_file_after_the_other() -> None:
    steps(GOOD)
    (child,) = parquet_trial._IDLE
    for _ in range(3):
        steps(GOOD)
    (same,) = parquet_trial._IDLE
    assert same is child


def test_two_files_at_once_have_a_child_each() -> None:
    one, two = tried(GOOD), tried(GOOD)
    assert [next(one), next(two), *one, *two] == [None] * 4
    assert len(parquet_trial._IDLE) == 2


def test_a_file_that_the_child_refuses_raises_its_reason_and_the_child_is_kept() -> None:
    steps(GOOD)
    (child,) = parquet_trial._IDLE
    for data, reason in ((GOOD[:-1], "parquet-cut-off"), (as_file(ROWS.select(x="bytes")), "no-header")):
        with pytest.raises(PoisonError) as poison:
            steps(data)
        assert poison.value.reason == reason
    (same,) = parquet_trial._IDLE
    assert same is child


@pytest.mark.usefixtures("harmful")
@pytest.mark.parametrize("when", [b"", b"late "])
@pytest.mark.parametrize("harm", [b"abort", b"exit", b"complain"])
def test_a_file_that_crashes_the_child_raises_poison_and_the_next_file_is_read(when: bytes, harm: bytes) -> None:
    for _ in range(2):
        with pytest.raises(PoisonError, match="ended the process") as poison:
            steps(when + harm)
        assert poison.value.reason == "parquet-corrupt"
        assert ("memory allocation of 9 bytes" in str(poison.value)) == (harm == b"complain")
        assert steps(GOOD) == 2


@pytest.mark.usefixtures("harmful")
def test_a_file_that_never_ends_raises_poison_and_the_next_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    steps(GOOD)
    monkeypatch.setattr(parquet_trial, "MAX_SECONDS", 0.5)
    with pytest.raises(PoisonError, match="no answer") as poison:
        steps(b"sleep")
    monkeypatch.setattr(parquet_trial, "MAX_SECONDS", 20.0)
    assert poison.value.reason == "parquet-corrupt"
    assert steps(GOOD) == 2


@pytest.mark.usefixtures("harmful")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux applies the limit")
def test_a_file_that_takes_too_much_memory_raises_poison_and_the_next_file_is_read() -> None:
    with pytest.raises(PoisonError, match="MemoryError"):
        steps(b"memory")
    assert steps(GOOD) == 2


@pytest.mark.usefixtures("harmful")
def test_an_invalid_answer_ends_the_child() -> None:
    with pytest.raises(PoisonError):
        steps(b"babble")
    assert steps(GOOD) == 2


def test_a_file_abandoned_in_the_middle_leaves_no_child_behind() -> None:
    half = tried(GOOD)
    next(half)
    del half
    assert parquet_trial._IDLE == []
    assert steps(GOOD) == 2


def test_a_child_that_exited_between_two_files_is_replaced() -> None:
    steps(GOOD)
    parquet_trial._IDLE[0].process.kill()
    parquet_trial._IDLE[0].process.wait()
    assert steps(GOOD) == 2


def test_when_no_child_can_be_started_retryable_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (
        ("/nowhere",),
        (sys.executable, "-c", "raise SystemExit('no polars')"),
        (sys.executable, "-c", "print(1)"),
    ):
        monkeypatch.setattr(parquet_trial, "_COMMAND", command)
        with pytest.raises(RetryableError):
            steps(GOOD)


def test_text_starts_no_child() -> None:
    list(object_texts([b"version account-id\n2 123456789012\n"], (), tried))
    assert parquet_trial._IDLE == []


def test_the_child_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert not [name for name in parquet_trial._environment() if name.startswith("AWS")]


def test_the_parent_reads_a_part_only_after_the_child_has() -> None:
    def refused(_: bytes) -> Iterator[None]:
        yield
        raise PoisonError("parquet-corrupt", "the first table")

    parts = iter(tables([GOOD], refused))
    with pytest.raises(PoisonError, match="the first table"):
        next(parts)


def test_the_memory_limit_of_the_child_does_not_apply_to_its_parent() -> None:
    steps(GOOD)
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
