"""Makes moto safe for threads: it checks a condition and writes later, and shows half-written items."""

from threading import Lock
from typing import Any

from flowsentry.aws import clients


class OneCallAtATime:
    """A DynamoDB client that makes one call at a time."""

    lock = Lock()

    def update_item(self, **arguments: Any) -> Any:
        with self.lock:
            return clients.dynamodb().update_item(**arguments)

    def batch_get_item(self, **arguments: Any) -> Any:
        with self.lock:
            return clients.dynamodb().batch_get_item(**arguments)
