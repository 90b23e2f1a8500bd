"""Fixtures: enriched files of the planted traffic, one folder for each log format."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.local.query.planted import FORMATS, traffic, write_enriched


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folder with the enriched object of each format."""
    made = {}
    for name, fields in FORMATS.items():
        made[name] = tmp_path_factory.mktemp("enriched")
        write_enriched(made[name], traffic(fields), fields)
    return made
