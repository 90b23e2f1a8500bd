"""Known services ↔ the DynamoDB items that hold them, in the table of evidence.

A scope's services of a day are spread over SHARDS items by the hash of their endpoint, so that each item stays small: a
write costs by the size of the whole item. One more item holds which of the scope's services are down, and which sources
are excused by that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flowsentry.aws.unreadable_objects import readable
from flowsentry.findings.endpoints import MEMBER_BYTES, rank
from flowsentry.findings.evidence import MEMORY_DAYS, SECONDS_A_DAY, EvidenceKey, rank_of_member
from flowsentry.findings.known_services import Answer, Answers, Outage, Service

Item = Mapping[str, Any]

SHARDS = 64
"""Items a scope and day. More: a batch with several new services makes more writes, and each costs at least as much as
one of 1 KB. Fewer: 5,000 services make items of more than that."""
MAX_SERVICES_A_SHARD = 512
"""Services kept in an item, those inside first, then those of smallest rank: 32,768 a scope and day. More: the item of
a host that calls all of the Internet costs more. Fewer: an outage of what is not kept is taken for a scan."""
MAX_EXCUSED = 100
"""Sources of a scope that are judged again when services answer. More: their evidence is read every few minutes. Fewer:
of more sources that meet an outage at once, those that swept are found only when they are seen again."""
MAX_DOWN = 1_000
"""Services of a scope that are down at once, the earliest; 11 bytes each. More: a larger item is read every minute.
Fewer: of more, some are not resolved by themselves."""
MAX_STATE_DAYS = 7
"""Days after which an outage is forgotten: no client is known any more that could meet its end. More: what is gone for
good fills the item. Fewer: what comes back later is not resolved by itself."""
KEPT_DAYS = 2
STATE_DAY = 0
"""In the place of a day, of the item that holds what is down and who is excused."""
_ENTRY_BYTES, _TIME_BYTES, _CLIENT_BYTES = 20, 4, 8


class Shard(NamedTuple):
    """The item of a scope, a part of its services, and a UTC day."""

    scope: str
    number: int
    day: int


@dataclass(frozen=True)
class Held:
    """What an item holds: the answers by endpoint, and which of the endpoints are inside; `version` is another one
    after every write.
    """

    answers: Mapping[bytes, Answers] = field(default_factory=dict)
    inside: frozenset[bytes] = frozenset()
    version: int = 0

    def learning(self, answers: Iterable[Answer]) -> "Held":
        """The same with these answers, within bounds."""
        told, inside = dict(self.answers), set(self.inside)
        for each in answers:
            endpoint, new = each.service.endpoint, Answers(each.last_seen, each.clients)
            told[endpoint] = told[endpoint].merge(new) if endpoint in told else new
            inside.update({endpoint} if each.is_inside else ())
        if len(told) > MAX_SERVICES_A_SHARD:
            kept = sorted(told, key=lambda each: (each not in inside, rank_of_member(each)))[:MAX_SERVICES_A_SHARD]
            told, inside = {each: told[each] for each in kept}, inside.intersection(kept)
        return Held(told, frozenset(inside), self.version)


def shard_of(answer: Answer) -> Shard:
    return Shard(answer.service.scope, shard_number(answer.service.endpoint), answer.day)


def shard_number(endpoint: bytes) -> int:
    """Which of the items of a day holds an endpoint. By the middle of the rank, since bounds keep small ranks."""
    return rank(int.from_bytes(endpoint)) >> 16 & (SHARDS - 1)


def partition_of(scope: str, number: int) -> dict[str, str]:
    return {"S": f"services|{scope}|{number}"}


@dataclass(frozen=True)
class State:
    """What the item of a scope holds beside its services: since when services are down, which sources are excused, and
    which members of both are too old to count; and when it was read (Unix s).
    """

    down_since: Mapping[Service, int]
    excused: frozenset[EvidenceKey]
    too_old: Mapping[str, list[bytes]]
    read_at: float


def state_key(scope: str) -> dict[str, Any]:
    return {"source": {"S": f"services|{scope}|state"}, "day": {"N": str(STATE_DAY)}}


def state_in(scope: str, item: Item, now: float) -> State:
    """What an item holds: of a service that two processors marked at once, the earlier time; nothing of one that can't
    be read.
    """
    nothing = State({}, frozenset(), {}, now)
    return readable("known-services", lambda: _state(scope, item, now), lambda: nothing)


def _state(scope: str, item: Item, now: float) -> State:
    down: set[bytes] = set(item.get("down", {}).get("BS", ()))
    excused: set[bytes] = set(item.get("excused", {}).get("BS", ()))
    first_second, first_day = now - MAX_STATE_DAYS * SECONDS_A_DAY, int(now) // SECONDS_A_DAY - MEMORY_DAYS
    too_old = {
        "down": sorted(each for each in down if _time_in(each[MEMBER_BYTES:]) < first_second),
        "excused": sorted(each for each in excused if _time_in(each[:_TIME_BYTES]) < first_day),
    }
    since: dict[Service, int] = {}
    for member in sorted(down.difference(too_old["down"])):
        since.setdefault(Service(scope, member[:MEMBER_BYTES]), _time_in(member[MEMBER_BYTES:]))
    keys = frozenset(_key_in(scope, member) for member in excused.difference(too_old["excused"]))
    return State(since, keys, {name: members for name, members in too_old.items() if members}, now)


def _time_in(member: bytes) -> int:
    return int.from_bytes(member)


def down_member(outage: Outage) -> bytes:
    return outage.service.endpoint + outage.since.to_bytes(_TIME_BYTES)


def excused_member(key: EvidenceKey) -> bytes:
    return key.day.to_bytes(_TIME_BYTES) + key.source.encode()


def _key_in(scope: str, member: bytes) -> EvidenceKey:
    return EvidenceKey(scope, member[_TIME_BYTES:].decode(), int.from_bytes(member[:_TIME_BYTES]))


def key_of(shard: Shard) -> dict[str, Any]:
    return {"source": partition_of(shard.scope, shard.number), "day": {"N": str(shard.day)}}


def held_in(item: Item) -> Held:
    """What an item holds; nothing for none."""
    if not item:
        return Held()
    version = _version_in(item)
    return readable("known-services", lambda: _held(item, version), lambda: Held(version=version))


def _version_in(item: Item) -> int:
    """Which write made the item, so that the next can follow it whatever else is wrong with it."""
    told = str(item.get("version", {}).get("N", ""))
    return int(told) if told.isdecimal() else 0


def _held(item: Item, version: int) -> Held:
    blob: bytes = item["services"]["B"]
    if len(blob) % _ENTRY_BYTES:
        raise ValueError(f"{len(blob)} bytes are no whole number of services")
    entries = [blob[start : start + _ENTRY_BYTES] for start in range(0, len(blob), _ENTRY_BYTES)]
    answers = {entry[:MEMBER_BYTES]: _answers_in(entry) for entry in entries}
    inside = frozenset(entry[:MEMBER_BYTES] for entry in entries if entry[-1])
    return Held(answers, inside, version)


def _answers_in(entry: bytes) -> Answers:
    time, clients = entry[MEMBER_BYTES:-1][:_TIME_BYTES], entry[MEMBER_BYTES + _TIME_BYTES : -1]
    return Answers(int.from_bytes(time), int.from_bytes(clients))


def blob_of(held: Held) -> bytes:
    """The answers as they are stored: 20 bytes each, in the order of their endpoints."""
    return b"".join(
        endpoint
        + max(told.last_seen, 0).to_bytes(_TIME_BYTES)
        + told.clients.to_bytes(_CLIENT_BYTES)
        + bytes([endpoint in held.inside])
        for endpoint, told in sorted(held.answers.items())
    )


def expiry_of(day: int, now: float) -> int:
    """When an item may go: once no verdict looks at its day any more, counted from now for records of long ago."""
    last_use = max((day + 1) * SECONDS_A_DAY, int(now)) + MEMORY_DAYS * SECONDS_A_DAY
    return last_use + KEPT_DAYS * SECONDS_A_DAY


def writing(shard: Shard, held: Held, now: float) -> dict[str, Any]:
    """The arguments of an UpdateItem that stores this, where the item still is as it was when it was read."""
    return {
        "Key": key_of(shard),
        "UpdateExpression": "SET services = :services, version = :next, expires_at = :expires_at",
        "ConditionExpression": "version = :version" if held.version else "attribute_not_exists(version)",
        "ExpressionAttributeValues": {
            ":services": {"B": blob_of(held)},
            ":next": {"N": str(held.version + 1)},
            ":expires_at": {"N": str(expiry_of(shard.day, now))},
            **({":version": {"N": str(held.version)}} if held.version else {}),
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
