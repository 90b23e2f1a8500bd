"""Where in the world an outside address is, and in whose network: the table that a database of such things gives."""

from typing import Protocol

import polars as pl

GEOGRAPHY = pl.Schema({"country": pl.Categorical(), "asn": pl.Int64(), "network": pl.Categorical()})
"""ISO 3166-1 code of the country; number and name of the autonomous system. Null what is not known."""


class Geography(Protocol):
    """A database of addresses."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        """A row of GEOGRAPHY for each address (text), in order."""
        ...


class NoGeography:
    """No database is configured: of every address nothing is known."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        return pl.DataFrame({name: pl.Series([None], dtype=kind) for name, kind in GEOGRAPHY.items()})[
            [0] * len(addresses)
        ]
