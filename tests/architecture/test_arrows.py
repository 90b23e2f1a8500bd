"""Each arrow of the pipeline is a type of its own: a type checker refuses a stage that was left out."""

import pytest
from mypy import api

from tests.architecture.sources import PACKAGE

pytestmark = pytest.mark.slow

POLARS = """
from typing import Any
class DataFrame: ...
def __getattr__(name: str) -> Any: ...
"""
"""All that matters of polars here: that a DataFrame is a class."""

SKIPPED = {
    "records are no flows": "enrich(parse(text).records, address_space)",
    "flows are not enriched": "contacts(flows_of(parse(text).records))",
    "a plain frame is nothing": "measure(DataFrame())",
    "enriched flows are no contacts": "Observed(enriched, logins, capture_gaps_in(parse(text).records))",
    "contacts are no logins": "Observed(contacts(enriched), contacts(enriched), capture_gaps_in(parse(text).records))",
    "contacts alone are not all": "detect(contacts(enriched), [], Services(), address_space, Thresholds())",
    "flows tell of no silence": "capture_gaps_in(flows_of(parse(text).records))",
    "records are no silences": "Observed(contacts(enriched), logins, parse(text).records)",
    "enriched flows are not explained yet": "sink.write(enriched)",
    "flows are explained once they are enriched": "explaining.explained(flows_of(parse(text).records))",
    "text is no bytes": "object_texts(text)",
}
IN_ORDER = (
    "detect(Observed(contacts(enrich(flows_of(parse(text).records), address_space)), logins, "
    "capture_gaps_in(parse(text).records)), "
    "[], Services(), address_space, Thresholds())"
)
PREAMBLE = """
from pathlib import Path
from polars import DataFrame
from flowsentry.contacts import contacts
from flowsentry.decode import object_texts
from flowsentry.detect import detect
from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink
from flowsentry.enrich import enrich
from flowsentry.explain.flows import FlowExplainer
from flowsentry.frames import EnrichedFlows, LogText, Logins, Observed
from flowsentry.findings.known_services import Services
from flowsentry.measure import measure
from flowsentry.parse import flows_of, parse
from flowsentry.capture_gaps import capture_gaps_in
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.findings.thresholds import Thresholds


text: LogText
logins: Logins

def use(enriched: EnrichedFlows, address_space: AddressSpace) -> None:
    explaining, sink = FlowExplainer(address_space), EnrichedSink(EnrichedFile(Path("file")))
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What mypy says about each line of a module that has one statement for each case, by line number."""
    folder = tmp_path_factory.mktemp("arrows")
    (folder / "polars").mkdir()
    (folder / "polars" / "__init__.pyi").write_text(POLARS)
    module = folder / "uses.py"
    module.write_text(PREAMBLE + "".join(f"    {each}\n" for each in (IN_ORDER, *SKIPPED.values())))
    options = ["--follow-imports=silent", "--no-error-summary", "--no-incremental", f"--cache-dir={folder / 'cache'}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", f"{folder}:{PACKAGE.parent}")
        output, _, _ = api.run([*options, "--config-file=", str(module)])
    lines = [line.split(":", 2) for line in output.splitlines() if line.startswith(str(module))]
    return {int(number): message for _, number, message in lines}


FIRST = len(PREAMBLE.splitlines()) + 1


def test_the_stages_in_order_fit(complaints: dict[int, str]) -> None:
    assert FIRST not in complaints


@pytest.mark.parametrize("skipped", SKIPPED)
def test_a_stage_left_out_is_refused(complaints: dict[int, str], skipped: str) -> None:
    assert "[arg-type]" in complaints[FIRST + 1 + list(SKIPPED).index(skipped)]


def test_only_those_are_refused(complaints: dict[int, str]) -> None:
    assert len(complaints) == len(SKIPPED)
