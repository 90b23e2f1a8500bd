"""Damaged stored objects: snapshot, suppressions, discoveries, log formats, GeoIP databases. Valid messages must still
be processed, and the writers of the objects must write them again.
"""

import time
from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from typing import Protocol

import pytest

from campaigns.emulation.deliveries import Deliveries, Tried
from campaigns.emulation.emulated import Emulated, emulated
from campaigns.emulation.outcome import make_interface
from campaigns.inputs.messages import good_object_event, good_payload, missing_records
from campaigns.inputs.values import damaged, mutated
from flowsentry.aws import clients
from flowsentry.inventory.snapshot import UnreadableSnapshotError, unpack
from flowsentry.settings import CLAIMS_KEY, SUPPRESSIONS_KEY
from tests.lambdas.conftest import recorded
from tests.lambdas.payloads import of_subscription
from tests.moto_world import INVENTORY_KEY, LOG_FORMATS_PARAMETER, LOG_GROUP, OUTPUT_BUCKET, make_log_formats, object_in

GEO_KEY = "geo/countries.mmdb"
SUPPRESSION = {
    "id": "scanner-of-ours",
    "reason": "our own scanner",
    "by": "sec@example.com",
    "expires": "2027-01-01",
    "match": {"kinds": ["port_scan"], "sources": ["10.0.0.0/8"]},
}
LIST_OF_SUPPRESSIONS = {"suppressions": [SUPPRESSION]}
LOOKS = {"123456789012/eu-central-1": 1_793_675_000}
Damage = Callable[[Random, bytes], Iterator[bytes]]


class Finds(Protocol):
    """Collects the inputs and the failures."""

    inputs: int

    def fail(self, what: str, lost: int = 0) -> None: ...


def stored_objects_tried(found: Finds, chance: Random, ends_at: float) -> None:
    """Tries damaged objects of each kind in turn until `ends_at` (monotonic seconds)."""
    snapshot = _snapshot()
    kinds = {
        INVENTORY_KEY: _bytes_of(chance, snapshot),
        SUPPRESSIONS_KEY: _texts_of(chance, LIST_OF_SUPPRESSIONS),
        CLAIMS_KEY: _texts_of(chance, LOOKS),
        LOG_FORMATS_PARAMETER: _texts_of(chance, {LOG_GROUP: ["${version} ${srcaddr}"]}),
        GEO_KEY: _bytes_of(chance, b"\xab\xcd\xefMaxMind.com" + bytes(range(256)) * 4),
    }
    for name in cycle(kinds):
        if time.monotonic() > ends_at:
            break
        data = next(kinds[name])
        found.inputs += 1
        for wrong in _tried(name, data):
            found.fail(f"{name}: {data[:120]!r} ({len(data)} bytes): {wrong[:300]}", int(wrong.startswith("lost")))


def _bytes_of(chance: Random, data: bytes) -> Iterator[bytes]:
    yield from (b"", b"[]", b"\x00" * 100, b"PK\x05\x06" + bytes(18))
    while True:
        yield mutated(data, chance)


def _texts_of(chance: Random, document: object) -> Iterator[bytes]:
    yield from (b"", b"[]", b"null", b'"\\ud800"', b"\xff\xfe", b"[" * 5_000, b'{"a": 1e999}')
    while True:
        for text in damaged(document, chance):
            yield text.encode(errors="surrogatepass")
            yield mutated(text.encode(errors="surrogatepass"), chance)


def _snapshot() -> bytes:
    with emulated() as aws:
        make_interface("10.0.1.5")
        aws.invoke("inventory", recorded("inventory_schedule"))
        return object_in(OUTPUT_BUCKET, INVENTORY_KEY)


def _tried(name: str, data: bytes) -> list[str]:
    """The failures with this object, in sentences."""
    with emulated() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEO_DATABASES", f"s3://{OUTPUT_BUCKET}/{GEO_KEY}")
        to, wrong = Deliveries(aws), []
        _put(name, data)
        (given, one), (body, another) = good_payload(), good_object_event()
        to.asynchronous.append(Tried("stream_processor", of_subscription(given)))
        to.object_event(body)
        make_interface("10.0.1.8")
        to.asynchronous.append(Tried("inventory", recorded("inventory_schedule")))
        try:
            to.settle()
            if (
                name == LOG_FORMATS_PARAMETER
            ):  # nobody can read lines whose format is unknown: mended, all is done again
                make_log_formats()
                aws.warm.clear()
                to.redrive()
        except RuntimeError as error:
            wrong.append(str(error))
        wrong += [f"lost {each}" for each in missing_records([one, another])()]
        return wrong + _state(aws, to)


def _put(name: str, data: bytes) -> None:
    if name == LOG_FORMATS_PARAMETER:
        text = data.decode(errors="replace").replace("\x00", " ")[:4_000] or "-"
        clients.ssm().put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
    else:
        clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=name, Body=data)


def _state(_: Emulated, to: Deliveries) -> list[str]:
    """The failures afterwards: an unreadable snapshot, or a message that used up its retries."""
    wrong = [f"tried {each.receives} times: {each.body[:100]!r}" for each in to.dead]
    wrong += ["a scheduled run was given up"] * bool(to.given_up)
    try:
        assignments = unpack(object_in(OUTPUT_BUCKET, INVENTORY_KEY)).assignments
    except (UnreadableSnapshotError, clients.s3().exceptions.NoSuchKey) as error:
        return [*wrong, f"the snapshot was not written anew: {error}"]
    except Exception as error:  # noqa: BLE001 - a snapshot that its reader does not expect
        return [*wrong, f"the snapshot was not written anew, and reading it raises {error!r}"]
    return wrong + ["the snapshot lacks what is there"] * (not assignments.height)
