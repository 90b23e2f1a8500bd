"""The way through the package is one way: stages know nouns, the pipeline knows stages, the edge knows the world."""

import pytest

from tests.architecture.sources import PACKAGE, ROOT, imported, modules, own_imports

STAGES = ("decode", "parse", "enrich", "contacts", "measure", "tally", "detect", "explain", "emit")
EDGE = ("aws", "settings", "telemetry")
ORDER = "pipeline"
WORLD = {
    "asyncio", "boto3", "botocore", "http", "multiprocessing", "os", "random", "requests", "secrets", "shutil",
    "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time", "urllib.error", "urllib.request",
    "urllib3", "uuid",
}  # fmt: skip
"""What makes a result depend on more than its input: network, environment, clock, chance."""

MODULES = modules()


def part_of(name: str) -> str:
    """The stage, edge part or noun that a module belongs to: its first word."""
    return name.split(".", maxsplit=1)[0]


PURE = [name for name in MODULES if part_of(name) not in EDGE]
NOUNS = [name for name in PURE if part_of(name) not in (*STAGES, ORDER)]
IN_STAGES = [name for name in PURE if part_of(name) in STAGES]


def test_every_stage_and_every_part_of_the_edge_is_there() -> None:
    assert set(STAGES) | set(EDGE) | {ORDER} <= {part_of(name) for name in MODULES}


@pytest.mark.parametrize("name", IN_STAGES)
def test_a_stage_imports_nouns_and_itself(name: str) -> None:
    others = {part_of(each) for each in own_imports(MODULES[name])} - {part_of(name)}
    assert others <= set(NOUNS)


@pytest.mark.parametrize("name", NOUNS)
def test_a_noun_imports_nouns(name: str) -> None:
    assert {part_of(each) for each in own_imports(MODULES[name])} <= set(NOUNS)


def test_only_the_pipeline_and_the_edge_import_stages() -> None:
    importers = {
        part_of(name)
        for name, path in MODULES.items()
        if {part_of(each) for each in own_imports(path)} & set(STAGES) and part_of(name) not in (*STAGES, *EDGE)
    }
    assert importers == {ORDER}


def test_the_pipeline_imports_no_edge() -> None:
    parts = [path for name, path in MODULES.items() if part_of(name) == ORDER]
    assert not {part_of(each) for path in parts for each in own_imports(path)} & set(EDGE)


def test_only_the_edge_touches_the_world() -> None:
    worldly = {name: {each for each in imported(MODULES[name]) if is_worldly(each)} for name in PURE}
    assert {name: brought for name, brought in worldly.items() if brought} == {}


def is_worldly(name: str) -> bool:
    return any(f"{name}.".startswith(f"{each}.") for each in WORLD)


def reachable(names: set[str]) -> set[str]:
    """The modules of the package that these bring with them, and their folders' own pages."""
    seen: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        folders = {name.rpartition(".")[0]} - {""}
        waiting |= (own_imports(MODULES[name]) | folders) - seen
    return seen


def test_the_notifier_brings_no_polars_which_would_double_its_cold_start() -> None:
    handler = ROOT / "lambdas" / "notifier" / "handler.py"
    brought = reachable(own_imports(handler))
    assert brought
    users = {name for name in brought if any(each.split(".")[0] == "polars" for each in imported(MODULES[name]))}
    assert users == set()


def test_the_package_is_one_word_deep_below_its_stages() -> None:
    assert all(len(path.relative_to(PACKAGE).parts) <= 2 for path in MODULES.values())
