"""Moto for many threads: it looks at a condition and then writes, and shows what is half written."""

from threading import Lock
from typing import Any

from flowsentry.aws import clients


class OneCallAtATime:
    """A DynamoDB client whose calls wait for each other."""

    lock = Lock()

    def update_item(self, **arguments: Any) -> Any:
        with self.lock:
            return clients.dynamodb().update_item(**arguments)

    def batch_get_item(self, **arguments: Any) -> Any:
        with self.lock:
            return clients.dynamodb().batch_get_item(**arguments)
