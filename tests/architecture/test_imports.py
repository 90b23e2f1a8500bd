"""The way through the package is one way: stages know nouns, the pipeline knows stages, the edge knows the world."""

import pytest

from tests.architecture.sources import PACKAGE, ROOT, imported, modules, own_imports

STAGES = (
    *("decode", "parse", "enrich", "contacts", "measure", "talkers", "traffic_bill", "capture_gaps", "detect"),
    *("explain", "rule_usage", "emit"),
)
EDGE = ("aws", "settings", "telemetry")
ORDER = "pipeline"
ROOMS_OF_NOUNS = {
    "records": set(),
    "inventory": {"records"},
    "findings": {"records", "inventory"},
}
"""Which rooms of nouns a room of nouns may import; a module beside them, such as `frames`, is open to all."""
ROOMS_OF_AWS = {
    "evidence": set(),
    "findings": set(),
    "flow_logs": {"findings"},
    "kubernetes": set(),
    "inventory": {"kubernetes"},
    "notifications": {"findings"},
    "rule_usage": set(),
    "ingest": {"evidence", "findings", "flow_logs", "inventory"},
    "upkeep": {"findings", "notifications"},
}
"""Which rooms of the edge a room of the edge may import; modules beside them, such as `clients`, are open to all."""
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


@pytest.mark.parametrize("room", ROOMS_OF_NOUNS)
def test_a_room_of_nouns_imports_only_the_rooms_below_it(room: str) -> None:
    imported_rooms = {part_of(each) for name in MODULES if part_of(name) == room for each in own_imports(MODULES[name])}
    assert imported_rooms & set(ROOMS_OF_NOUNS) <= {room} | ROOMS_OF_NOUNS[room]


def aws_rooms(names: set[str]) -> set[str]:
    parts = (name.split(".") for name in names)
    return {part[1] for part in parts if part[0] == "aws" and len(part) > 1} & set(ROOMS_OF_AWS)


@pytest.mark.parametrize("room", ROOMS_OF_AWS)
def test_a_room_of_aws_imports_only_the_rooms_below_it(room: str) -> None:
    inside = {name for name in MODULES if name.startswith(f"aws.{room}.")}
    assert inside
    brought = aws_rooms({each for name in inside for each in own_imports(MODULES[name])})
    assert brought <= {room} | ROOMS_OF_AWS[room]


def test_every_room_is_in_the_tables() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == {*ROOMS_OF_NOUNS, *STAGES, "aws", ORDER} - {"measure", "talkers", "traffic_bill", "capture_gaps"}
    assert {path.parent.name for path in PACKAGE.glob("aws/*/__init__.py")} == set(ROOMS_OF_AWS)
