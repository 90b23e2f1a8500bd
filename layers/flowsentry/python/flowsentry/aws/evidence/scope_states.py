"""Services that are down and sources that are excused by it, in one item per scope of the evidence table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.evidence.known_services_item import MAX_STATE_DAYS, State, state_in, state_key
from flowsentry.findings.evidence import SECONDS_A_DAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CACHED_SECONDS = 60.0
"""How long an item is cached. Longer: fewer reads, and what other processors learned is seen later. Shorter: more
reads."""
MAX_CACHED_SCOPES = 200


class ScopeStates(Struct):
    """Reads and changes states by scope. Members are added to and deleted from sets, which is correct whatever other
    processors change at the same time. Errors of the client are raised unchanged.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float]
    _states: BoundedMemory[str, State] = field(default_factory=lambda: BoundedMemory(MAX_CACHED_SCOPES))

    def of(self, scope: str) -> State:
        """The state of a scope, at most CACHED_SECONDS old."""
        known = self._states.get(scope)
        if known and self.clock() - known.read_at < CACHED_SECONDS:
            return known
        item = self.client.get_item(TableName=self.table_name, Key=state_key(scope)).get("Item", {})
        return self._remember(scope, item)

    def change(self, scope: str, verb: str, name: str, members: Iterable[bytes]) -> None:
        """Adds members to a set of the scope's state, or deletes them, and then deletes members that are too old to
        count. Without members there is no write.
        """
        changed = sorted(members)
        if not changed:
            return
        state = self._remember(scope, self._updated(scope, verb, name, changed))
        for old_name, old in state.too_old.items():
            self._remember(scope, self._updated(scope, "DELETE", old_name, old))

    def _remember(self, scope: str, item: Mapping[str, Any]) -> State:
        state = state_in(scope, item, self.clock())
        self._states.put(scope, state)
        return state

    def _updated(self, scope: str, verb: str, name: str, members: Sequence[bytes]) -> Mapping[str, Any]:
        expires_at = int(self.clock()) + (MAX_STATE_DAYS + 1) * SECONDS_A_DAY
        answer = self.client.update_item(
            TableName=self.table_name,
            Key=state_key(scope),
            UpdateExpression=f"{verb} #name :members SET expires_at = :expires_at",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":members": {"BS": members}, ":expires_at": {"N": str(expires_at)}},
            ReturnValues="ALL_NEW",
        )
        item: Mapping[str, Any] = answer["Attributes"]
        return item
