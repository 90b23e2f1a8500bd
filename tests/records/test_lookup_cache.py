"""The lookup cache looks up each address once and stays within its limits."""

import polars as pl
import pytest

from flowsentry.records.lookup_cache import LookupCache

BOUNDS = ("MAX_CACHED_FACTS", "MAX_INDEX_SLOTS")


class Names(LookupCache):
    """A lookup that returns each address's own name and counts the addresses looked up."""

    looked_up = 0

    def names(self, scope: str, *addresses: str | None) -> list[str | None]:
        given = pl.Series(addresses, dtype=pl.Categorical())
        return self.facts(scope, given, lambda unseen: self._look_up(scope, unseen))["name"].to_list()

    def _look_up(self, scope: str, unseen: pl.Series) -> pl.DataFrame:
        self.looked_up += len(unseen)
        return unseen.cast(pl.String).rename("name").to_frame().with_columns(pl.col("name") + f" in {scope}")


def test_each_address_is_looked_up_once_per_scope() -> None:
    names = Names()
    assert names.names("a", "10.0.0.1", None, "10.0.0.1") == ["10.0.0.1 in a", None, "10.0.0.1 in a"]
    assert names.names("a", "10.0.0.2", "10.0.0.1") == ["10.0.0.2 in a", "10.0.0.1 in a"]
    assert names.looked_up == 2


def test_the_same_address_in_another_scope_is_looked_up_again() -> None:
    names = Names()
    assert names.names("a", "10.0.0.1") + names.names("b", "10.0.0.1") == ["10.0.0.1 in a", "10.0.0.1 in b"]


@pytest.mark.parametrize("bound", BOUNDS)
def test_beyond_a_limit_the_cache_is_emptied_and_filled_again(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"flowsentry.records.lookup_cache.{bound}", 2)
    names = Names()
    for _ in range(3):
        assert names.names("a", "10.0.0.1", "10.0.0.2", "10.0.0.3")[0] == "10.0.0.1 in a"
        assert names.names("a", "10.0.0.1", "10.0.0.4") == ["10.0.0.1 in a", "10.0.0.4 in a"]
    assert names.looked_up > 4
