"""Ctrl-C waits while it is held, in polars too, and comes at once otherwise."""

import signal

import polars as pl
import pytest

from local.replay.interruption import Interruption


def press(_value: object = None) -> int:
    signal.raise_signal(signal.SIGINT)
    return 1


def test_an_interruption_that_is_not_held_comes_at_once() -> None:
    with Interruption(), pytest.raises(KeyboardInterrupt):
        press()


def test_an_interruption_that_is_held_comes_when_it_is_released() -> None:
    with Interruption() as interruption:
        interruption.hold()
        press()
        with pytest.raises(KeyboardInterrupt):
            interruption.release()
        interruption.release()


def test_a_query_of_polars_is_not_ended_while_interruptions_are_held() -> None:
    with Interruption() as interruption:
        interruption.hold()
        found = pl.Series([0]).to_frame("n").select(pl.col("n").map_elements(press, return_dtype=pl.Int64).sum())
        assert found.item() == 1
        with pytest.raises(KeyboardInterrupt):
            interruption.release()


def test_a_second_interruption_is_not_held() -> None:
    with Interruption() as interruption:
        interruption.hold()
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_what_happened_on_ctrl_c_before_happens_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
