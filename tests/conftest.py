"""What holds for all tests: polars has one thread, as in the functions; laws have no deadline; the longest files run
first.
"""

import gc
import os
import signal
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath

import botocore.loaders
import botocore.session
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

os.environ.setdefault("POLARS_MAX_THREADS", "1")
botocore.session.create_loader = cache(botocore.loaders.create_loader)  # type: ignore[attr-defined]
"""All sessions of a worker read the descriptions of AWS's services once: a client is made in a fifth of the time."""
gc.set_threshold(100_000, 50, 50)
"""Objects between two searches for unreachable ones. Higher: more memory. Lower: a fifth of the time of a test with
moto is spent on searches that find little."""
if threading.current_thread() is threading.main_thread():
    # A shell starts what runs in its background with SIGINT ignored, and so would all that tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

LONGEST_FIRST = (
    "tests/end_to_end/",
    "tests/local/aws/deployment/test_deploy.py",
    "tests/local/demo/test_demo.py",
    "tests/browser/",
    "tests/aws/ingest/test_same_findings.py",
    "tests/campaigns/",
    "tests/golden/test_captures_in_a_flood.py",
    "tests/stacks/test_app.py",
    "tests/properties/",
    "tests/decode/test_memory.py",
    "tests/golden/",
    "tests/lambdas/",
)
"""Files and folders that take longest. Without this order a worker begins the demo when the other one is done."""


SHARING = ("tests/end_to_end/", "tests/browser/")
"""Folders whose files share something that takes long to start: the deployed app, a browser."""


class LoadByFolder(LoadFileScheduling):  # type: ignore[misc]
    """Gives each worker whole files, and one worker all files of a folder in SHARING."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((folder for folder in SHARING if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadByFolder:
    return LoadByFolder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first, in the order of LONGEST_FIRST."""
    items.sort(key=lambda item: _position(item.nodeid, LONGEST_FIRST))


def _position(nodeid: str, beginnings: Iterable[str]) -> int:
    name = str(PurePosixPath(nodeid.partition("::")[0]))
    return next((place for place, start in enumerate(beginnings) if name.startswith(start)), len(LONGEST_FIRST))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their length: gzip writes the time into its header, and workers must name tests alike."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) else None
