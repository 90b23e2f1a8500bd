"""Damaged stored objects: readers continue with the last valid version, and writers replace the damaged one."""

import gzip
import io
import itertools
import json
import random
import zipfile
from collections.abc import Iterator

import pytest

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.aws.evidence.known_services_item import shard_content_in, state_in
from flowsentry.aws.findings.suppressions import LiveSuppressions, SeedParameter
from flowsentry.aws.geo_databases import GeoDatabases
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.inventory.discovery_claims import DiscoveryClaims
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.inventory.targets import TargetsParameter
from flowsentry.inventory.inventory import Inventory, TargetState
from flowsentry.inventory.snapshot import UnreadableSnapshotError, pack, unpack
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from flowsentry.settings import FunctionSettingsError
from tests.moto_world import LOG_GROUP, aws_in_memory, make_bucket

BUCKET, KEY = "output", "stored"
GOOD = Inventory(
    target_states={"123456789012/eu-central-1": TargetState(1_793_676_000, 2, {"vpc-1": ("10.0.0.0/16",)})}
)
DEEP = b"[" * 100_000


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "function")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()  # its metrics are those of all tests of a process
    with aws_in_memory(monkeypatch):
        make_bucket(BUCKET)
        yield
    telemetry.metrics().clear_metrics()


def with_method(data: bytes, method: int) -> bytes:
    """The same zip, with another compression method stated for its files."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = changed.find(signature)
        while start >= 0:
            changed[start + offset : start + offset + 2] = method.to_bytes(2, "little")
            start = changed.find(signature, start + 1)
    return bytes(changed)


def with_file(name: str, content: bytes) -> bytes:
    """A snapshot in which one file has other content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack(GOOD))) as old, zipfile.ZipFile(packed, "w") as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return packed.getvalue()


def shapes() -> Iterator[bytes]:
    for name in ("targets.json", "absent.json"):
        for content in (
            b"[]",
            b"null",
            b"1",
            b'"x"',
            b"",
            b"{",
            DEEP,
            b'{"a": []}',
            b'{"a": null}',
            b'{"a": {}}',
            b"\xff",
        ):
            yield with_file(name, content)
    target_state = {"taken_at": 1, "seconds": 1, "networks": {}, "routes": {}}
    for wrong in ({"taken_at": "x"}, {"networks": []}, {"networks": {"v": ["x"]}}, {"routes": {"v": [[1]]}}):
        yield with_file("targets.json", json.dumps({"p": target_state | wrong}).encode())
    yield from (
        with_file("assignments.parquet", each) for each in (b"", b"PAR1", b"x" * 100, b"PAR1" + bytes(90) + b"PAR1")
    )


def damaged() -> dict[str, bytes]:
    good = pack(GOOD)
    cases = {f"cut off at {size}": good[:size] for size in range(0, len(good), len(good) // 40)}
    cases |= {f"method {method}": with_method(good, method) for method in (1, 9, 12, 14, 93, 99)}
    cases |= {f"shape {number}": each for number, each in enumerate(shapes())}
    cases |= {"empty": b"", "text": b"hello", "gzip": gzip.compress(good), "json": b"{}", "deep": DEEP}
    return cases


DAMAGED = damaged()


def put(data: bytes) -> None:
    clients.s3().put_object(Bucket=BUCKET, Key=KEY, Body=data)


def store() -> InventoryStore:
    """A store that asks S3 each time."""
    return InventoryStore(BUCKET, KEY, clients.s3(), clock=itertools.count(0, 1_000).__next__)


def unreadable() -> int:
    """How often a stored object was reported as unreadable."""
    metric = telemetry.metrics().metric_set.get("StoredObjectsUnreadable", {"Value": []})
    return int(sum(metric["Value"]))


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_snapshot_leaves_the_last_valid_one_or_an_empty_inventory(case: str) -> None:
    warm = store()
    put(pack(GOOD))
    good = warm.load()
    assert pack(good) == pack(GOOD)
    put(DAMAGED[case])
    assert warm.load() is good
    assert warm.load() is good
    assert store().load().is_empty
    assert unreadable() == 3


@pytest.mark.parametrize("case", DAMAGED)
def test_a_writer_replaces_a_damaged_snapshot(case: str) -> None:
    put(DAMAGED[case])
    store().update(lambda _: GOOD)
    assert pack(store().load()) == pack(GOOD)


def test_a_writer_replaces_a_damaged_snapshot_by_its_last_valid_one_with_the_change() -> None:
    writer = store()
    writer.update(lambda _: GOOD)
    put(b"")
    writer.update(lambda known: known)
    assert pack(store().load()) == pack(GOOD)


def test_a_snapshot_with_a_few_changed_bytes_is_read_or_refused() -> None:
    good, chance = pack(GOOD), random.Random(7)  # noqa: S311 - repeatable
    for _ in range(3_000):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(good))] = chance.randrange(256)
        try:
            unpack(bytes(changed))
        except UnreadableSnapshotError:
            continue


@pytest.mark.parametrize("text", [b"[]", b"null", b"{", DEEP, b'{"p": 1}', b'{"p": {"groups": 1}}', b""])
def test_damaged_rules_are_read_as_no_rules(text: bytes) -> None:
    assert dict(unpack(with_file("rules.json", text)).rules_by_target) == {}


TEXTS = {
    "empty": b"",
    "cut off": b'{"a": ',
    "list": b"[]",
    "null": b"null",
    "number": b"12",
    "deep": DEEP,
    "no UTF-8": b"\xff\xfe\x00",
    "gzip": gzip.compress(b"{}"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_damaged_discovery_claims_are_read_as_empty_and_replaced(case: str) -> None:
    put(TEXTS[case])
    claims = DiscoveryClaims(BUCKET, KEY, clients.s3(), clock=lambda: 100)
    assert claims.claim(lambda begun: ["target"] if not begun else []) == ["target"]
    assert json.loads(clients.s3().get_object(Bucket=BUCKET, Key=KEY)["Body"].read()) == {"target": 100}
    assert unreadable() == 1


@pytest.mark.parametrize("case", TEXTS)
def test_damaged_suppressions_leave_the_last_valid_ones_active(case: str) -> None:
    seconds = iter(range(0, 10**9, 1_000))
    live = LiveSuppressions(BUCKET, KEY, clients.s3(), seconds.__next__, seed=SeedParameter("", clients.ssm()))
    entry = {"reason": "known", "networks": ["198.51.100.0/24"]}
    put(json.dumps({"suppressions": [entry]}).encode())
    good = live.load()
    put(TEXTS[case])
    assert live.load() is good


@pytest.mark.parametrize("case", TEXTS)
def test_a_damaged_geographic_database_is_not_used_and_is_reported(case: str) -> None:
    put(TEXTS[case])
    databases = GeoDatabases([f"s3://{BUCKET}/{KEY}"], clients.s3())
    databases.load()
    assert len(databases.problems) == 1
    assert unreadable() == 1


PARAMETERS = ["x", "[]", "null", "12", '{"a": ', "[" * 4_000]


@pytest.mark.parametrize("value", PARAMETERS)
def test_damaged_log_formats_leave_the_last_valid_ones_active(value: str) -> None:
    def say(text: str) -> None:
        clients.ssm().put_parameter(Name="/formats", Value=text, Type="String", Overwrite=True)

    say(json.dumps({LOG_GROUP: DEFAULT_LOG_FORMAT}))
    formats = LogFormats("/formats", clients.ssm())
    assert formats.of(LOG_GROUP) == (DEFAULT_LOG_FORMAT,)
    say(value)
    assert formats._parameter(force=True) == {LOG_GROUP: DEFAULT_LOG_FORMAT}
    assert unreadable() == 1


@pytest.mark.parametrize("value", [*PARAMETERS, '{"regions": [], "roles": ["x"], "clusters": []}'])
def test_damaged_targets_leave_the_last_valid_ones_active_and_without_them_the_function_fails(value: str) -> None:
    def say(text: str) -> None:
        clients.ssm().put_parameter(Name="/targets", Value=text, Type="String", Overwrite=True)

    good = json.dumps({"regions": ["eu-west-1"], "roles": [], "clusters": []})
    say(good)
    targets = TargetsParameter("/targets", clients.ssm())
    assert targets.text() == good
    say(value)
    assert targets.text() == good
    with pytest.raises(FunctionSettingsError):
        TargetsParameter("/targets", clients.ssm()).text()


@pytest.mark.parametrize(
    "item",
    [
        {"services": {"S": "x"}, "version": {"N": "3"}},
        {"services": {"B": b"x"}, "version": {"N": "3"}},
        {"services": {"M": {}}, "version": {"N": "3"}},
        {"services": "x", "version": {"N": "3"}},
        {"version": {"N": "3"}},
    ],
)
def test_a_damaged_item_of_known_services_is_replaced(item: dict[str, object]) -> None:
    content = shard_content_in(item)
    assert (content.answers, content.version) == ({}, 3)


@pytest.mark.parametrize("wrong", [{"S": "x"}, {"SS": ["x"]}, {"BS": [b"x"]}, {"BS": [1]}, {"NS": ["1"]}, "x", None])
def test_a_damaged_state_of_services_is_read_as_empty(wrong: object) -> None:
    assert not state_in("vpc-1", {"down": wrong, "excused": wrong}, 1_793_676_000.0).down_since
