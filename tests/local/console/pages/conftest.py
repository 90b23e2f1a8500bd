"""The files of the afternoon, written once."""

from pathlib import Path

import pytest

from tests.local.console.pages.sample_files import written


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("afternoon"))
