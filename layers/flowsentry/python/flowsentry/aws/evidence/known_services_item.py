"""Converts known services to and from their DynamoDB items in the evidence table.

The services of a scope and day are spread over SHARDS items by the hash of their endpoint. That keeps items small, as
the cost of a write depends on the size of the whole item. One more item per scope lists the services that are down, and
the sources that are excused by it. Attribute values are written by hand, as in item.py, which gives the reason.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import field

from flowsentry.aws.evidence.item import Item, expiry_of
from flowsentry.aws.unreadable_objects import parsed_or
from flowsentry.findings.endpoints import MEMBER_BYTES, rank
from flowsentry.findings.evidence import MEMORY_DAYS, SECONDS_A_DAY, EvidenceKey, rank_of_member
from flowsentry.findings.known_services import Answer, Answers, Outage, Service
from flowsentry.value import Value

SHARDS = 256
"""Items per scope and day. Higher: a batch with several new services makes more writes, each of which costs at least as
much as 1 KB. Lower: with 13,000 services items are larger than that. With 64 items a payload of a VPC of 10,000
interfaces took twice the write units of one of 100 interfaces (docs/cost.md, Load)."""
MAX_SERVICES_A_SHARD = 128
"""Services in an item, inside ones first, then those of smallest rank: 32,768 per scope and day. Higher: the items of a
host that calls all of the Internet cost more. Lower: an outage of a service that is not kept is taken for a scan."""
MAX_EXCUSED = 100
"""Excused sources of a scope that are judged again when services answer. Higher: more evidence is read every few
minutes. Lower: when more sources meet an outage at once, a scanner among them is found only when it is seen again."""
MAX_DOWN = 1_000
"""Services of a scope that are down at once, the earliest first; 11 bytes each. Higher: a larger item is read every
minute. Lower: in a larger outage some findings are not resolved automatically."""
MAX_STATE_DAYS = 7
"""Days after which an outage is deleted: no client is known any more that could notice its end. Higher: services that
are gone for good fill the item. Lower: the finding of a service that comes back later is not resolved automatically."""
STATE_DAY = 0
"""The `day` of the item with a scope's state."""
_ENTRY_BYTES, _TIME_BYTES, _CLIENT_BYTES = 20, 4, 8


class Shard(NamedTuple):
    """The key of an item: a scope, the number of a part of its services, and a UTC day."""

    scope: str
    number: int
    day: int


class ShardContent(Value, frozen=True):
    """The content of an item: the answers by endpoint, and the endpoints that are inside. `version` changes with every
    write.
    """

    answers: Mapping[bytes, Answers] = field(default_factory=dict)
    inside: frozenset[bytes] = frozenset()
    version: int = 0

    def with_answers(self, answers: Iterable[Answer]) -> "ShardContent":
        """The content with these answers added, within MAX_SERVICES_A_SHARD."""
        merged, inside = dict(self.answers), set(self.inside)
        for each in answers:
            endpoint, new = each.service.endpoint, Answers(each.last_seen, each.clients)
            merged[endpoint] = merged[endpoint].merge(new) if endpoint in merged else new
            inside.update({endpoint} if each.is_inside else ())
        if len(merged) > MAX_SERVICES_A_SHARD:
            kept = sorted(merged, key=lambda each: (each not in inside, rank_of_member(each)))[:MAX_SERVICES_A_SHARD]
            merged, inside = {each: merged[each] for each in kept}, inside.intersection(kept)
        return ShardContent(merged, frozenset(inside), self.version)


def shard_of(answer: Answer) -> Shard:
    """The item that stores the answer."""
    return Shard(answer.service.scope, shard_number(answer.service.endpoint), answer.day)


def shard_number(endpoint: bytes) -> int:
    """The number of the item for an endpoint, from the middle bits of its rank, since limits keep small ranks."""
    return rank(int.from_bytes(endpoint)) >> 16 & (SHARDS - 1)


def partition_of(scope: str, number: int) -> dict[str, str]:
    return {"S": f"services|{scope}|{number}"}


class State(Value, frozen=True):
    """The state of a scope: since when services are down, which sources are excused, the members of both that are too
    old to count, and when the item was read (Unix s).
    """

    down_since: Mapping[Service, int]
    excused: frozenset[EvidenceKey]
    too_old: Mapping[str, list[bytes]]
    read_at: float


def state_key(scope: str) -> dict[str, Any]:
    return {"source": {"S": f"services|{scope}|state"}, "day": {"N": str(STATE_DAY)}}


def state_in(scope: str, item: Item, now: float) -> State:
    """The state in an item; an empty one when it cannot be read. For a service that two processors recorded as down at
    once, the earlier time counts.
    """
    nothing = State({}, frozenset(), {}, now)
    return parsed_or("known-services", lambda: _state(scope, item, now), lambda: nothing)


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
    """The member of the set `down` for an outage: the endpoint and the time."""
    return outage.service.endpoint + outage.since.to_bytes(_TIME_BYTES)


def excused_member(key: EvidenceKey) -> bytes:
    """The member of the set `excused` for a source and day."""
    return key.day.to_bytes(_TIME_BYTES) + key.source.encode()


def _key_in(scope: str, member: bytes) -> EvidenceKey:
    return EvidenceKey(scope, member[_TIME_BYTES:].decode(), int.from_bytes(member[:_TIME_BYTES]))


def key_of(shard: Shard) -> dict[str, Any]:
    return {"source": partition_of(shard.scope, shard.number), "day": {"N": str(shard.day)}}


def shard_content_in(item: Item) -> ShardContent:
    """The content of an item; empty when the item is empty or invalid."""
    if not item:
        return ShardContent()
    version = _version_in(item)
    return parsed_or("known-services", lambda: _shard_content(item, version), lambda: ShardContent(version=version))


def _version_in(item: Item) -> int:
    """The version of an item, which is read also when the rest is damaged, so that the next write can replace it."""
    version = str(item.get("version", {}).get("N", ""))
    return int(version) if version.isdecimal() else 0


def _shard_content(item: Item, version: int) -> ShardContent:
    blob: bytes = item["services"]["B"]
    if len(blob) % _ENTRY_BYTES:
        raise ValueError(f"{len(blob)} bytes are not a whole number of services")
    entries = [blob[start : start + _ENTRY_BYTES] for start in range(0, len(blob), _ENTRY_BYTES)]
    answers = {entry[:MEMBER_BYTES]: _answers_in(entry) for entry in entries}
    inside = frozenset(entry[:MEMBER_BYTES] for entry in entries if entry[-1])
    return ShardContent(answers, inside, version)


def _answers_in(entry: bytes) -> Answers:
    time, clients = entry[MEMBER_BYTES:-1][:_TIME_BYTES], entry[MEMBER_BYTES + _TIME_BYTES : -1]
    return Answers(int.from_bytes(time), int.from_bytes(clients))


def blob_of(content: ShardContent) -> bytes:
    """The packed answers: 20 bytes each, in the order of their endpoints."""
    return b"".join(
        endpoint
        + max(answers.last_seen, 0).to_bytes(_TIME_BYTES)
        + answers.clients.to_bytes(_CLIENT_BYTES)
        + bytes([endpoint in content.inside])
        for endpoint, answers in sorted(content.answers.items())
    )


def writing(shard: Shard, content: ShardContent, now: float) -> dict[str, Any]:
    """The arguments of an UpdateItem that stores the content, on condition that no other writer wrote it since."""
    return {
        "Key": key_of(shard),
        "UpdateExpression": "SET services = :services, version = :next, expires_at = :expires_at",
        "ConditionExpression": "version = :version" if content.version else "attribute_not_exists(version)",
        "ExpressionAttributeValues": {
            ":services": {"B": blob_of(content)},
            ":next": {"N": str(content.version + 1)},
            ":expires_at": {"N": str(expiry_of(shard.day, now))},
            **({":version": {"N": str(content.version)}} if content.version else {}),
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
