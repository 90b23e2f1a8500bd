"""What each function is told when it is deployed. flowsentry.settings reads these variables."""

from collections.abc import Sequence

from flowsentry.settings import INVENTORY_KEY, LOOKS_KEY
from stacks.house_stack import HouseStack
from stacks.inventory_queue import InventoryQueue
from stacks.parameters import Value, parameter_name


class Environment:
    """The variables of each function of a stack, which has the `requests` to the inventory. `geo_databases` are
    addresses.
    """

    def __init__(self, stack: HouseStack, requests: InventoryQueue, geo_databases: Sequence[str]) -> None:
        self._stack = stack
        self._deployment = stack.deployment
        self._requests = requests
        self._geo_databases = geo_databases

    def stream_processor(self) -> dict[str, str]:
        inside = self._deployment.inside_networks
        return {
            "EVIDENCE_TABLE": self._stack.read(Value.EVIDENCE_TABLE),
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "LOG_FORMATS_PARAMETER": parameter_name(self._deployment, Value.LOG_FORMATS),
            **({"INSIDE_NETWORKS": ",".join(inside)} if inside else {}),
            **({"GEO_DATABASES": ",".join(self._geo_databases)} if self._geo_databases else {}),
            **self._snapshot(),
        }

    def object_processor(self) -> dict[str, str]:
        return {
            "IDEMPOTENCY_TABLE": self._stack.read(Value.IDEMPOTENCY_TABLE),
            "NOTICE_DLQ_URL": self._stack.read(Value.NOTICE_DLQ_URL),
            **self.stream_processor(),
        }

    def inventory(self) -> dict[str, str]:
        return {
            "INVENTORY_DLQ_URL": self._requests.dead_letters.queue_url,
            "INVENTORY_PLACES_PARAMETER": parameter_name(self._deployment, Value.INVENTORY_PLACES),
            "INVENTORY_RETENTION_DAYS": str(self._deployment.inventory_retention_days),
            "LOOKS_KEY": LOOKS_KEY,
            "INVENTORY_REST_SECONDS": str(self._deployment.inventory_rest_seconds),
            **self._snapshot(),
        }

    def _snapshot(self) -> dict[str, str]:
        """Where the inventory is, and where to ask for more of it."""
        return {
            "OUTPUT_BUCKET": self._stack.read(Value.OUTPUT_BUCKET),
            "INVENTORY_KEY": INVENTORY_KEY,
            "INVENTORY_QUEUE_URL": self._requests.queue.queue_url,
        }

    def notifier(self) -> dict[str, str]:
        return {
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "ALERT_TOPIC_ARN": self._stack.read(Value.ALERT_TOPIC_ARN),
            "OUTPUT_BUCKET": self._stack.read(Value.OUTPUT_BUCKET),
            "DIGEST_MINUTES": str(self._deployment.digest_minutes),
        }
