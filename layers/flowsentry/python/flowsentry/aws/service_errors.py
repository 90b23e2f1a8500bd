"""Converts botocore's errors: transient ones become RetryableError, all others stay unchanged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError  # noqa: A004

from flowsentry.errors import RetryableError

THROTTLING = frozenset(
    {
        "KMSThrottling",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


def code_of(error: ClientError) -> str:
    """AWS's error code, such as `NoSuchKey`; for a response without a body its HTTP status as text."""
    return error.response.get("Error", {}).get("Code", "")


def status_of(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def is_condition_unmet(error: ClientError) -> bool:
    """Whether DynamoDB refused a write because its condition was not met."""
    return code_of(error) == "ConditionalCheckFailedException"


@contextmanager
def retryable(action: str) -> Iterator[None]:
    """Raises RetryableError for throttling, time-outs, lost connections and service errors; `action` is its verb."""
    try:
        yield
    except ClientError as error:
        if not _is_transient(error):
            raise
        raise RetryableError(f"could not {action}: {code_of(error)}") from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise RetryableError(f"could not {action}: {error}") from error


def is_written(action: str, write: Callable[[], object]) -> bool:
    """Whether the conditional write was done; false where its condition was not met. Raises RetryableError as
    `retryable` does.
    """
    try:
        with retryable(action):
            write()
    except ClientError as error:
        if not is_condition_unmet(error):
            raise
        return False
    return True


def _is_transient(error: ClientError) -> bool:
    status = status_of(error)
    return code_of(error) in THROTTLING or status == TOO_MANY_REQUESTS or status >= SERVER_ERROR
