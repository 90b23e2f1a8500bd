"""A DynamoDB client that counts the calls and capacity units of evidence."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.dynamodb.capacity import item_bytes, read_units, write_units


@dataclass
class CountedDynamoDB:
    """Wraps the boto3 client `real`. Counts the calls that evidence makes; passes all others on."""

    real: Any
    writes: int = 0
    write_units: int = 0
    lost_races: int = 0
    reads: int = 0
    read_units: float = 0
    writes_in_batch: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def update_item(self, **arguments: Any) -> Any:
        try:
            answer = self.real.update_item(**arguments)
        except ClientError as error:
            refused: Any = error.response
            size = item_bytes(refused.get("Item", {}))
            self.lost_races += 1
            self.write_units += write_units(size, size)
            raise
        self.writes += 1
        self.writes_in_batch[str(arguments["Key"])] += 1
        size = item_bytes(answer.get("Attributes") or self._stored(arguments))
        self.write_units += write_units(size, size)
        return answer

    def _stored(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The item after an update whose response does not include it; this read is not counted."""
        item: Mapping[str, Any] = self.real.get_item(TableName=arguments["TableName"], Key=arguments["Key"])["Item"]
        return item

    def batch_get_item(self, **arguments: Any) -> Any:
        answer = self.real.batch_get_item(**arguments)
        [request] = arguments["RequestItems"].values()
        asked, share = len(request["Keys"]), 1.0 if request.get("ConsistentRead") else 0.5
        found = [item_bytes(item) for items in answer["Responses"].values() for item in items]
        self.reads += asked
        self.read_units += share * (sum(map(read_units, found)) + asked - len(found))
        return answer
