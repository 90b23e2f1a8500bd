"""The two families of errors, never retry and retry: a caller needs to know no more than the family."""


class PoisonError(Exception):
    """The input is invalid and stays so: never retry. The handler sends it to the dead-letter queue with `reason`, a
    short word for metrics and the runbook; the message is a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CutOffError(PoisonError):
    """A compressed or columnar file ends in the middle: never retry. What came before was valid and has been processed,
    so its results are kept; the source is reported.
    """


class UnreadableError(PoisonError):
    """Most lines of a source are no records: never retry it unchanged. The results of the valid lines are kept. The
    idempotency table does not record it as processed, so that it is read again once its format is configured.
    """


class RetryableError(Exception):
    """A service failed (throttling, a time-out, a service error), not the input: retry. The handler raises it, so that
    Lambda or SQS delivers the input again.
    """


class NotBegunError(RetryableError):
    """No time was left to begin the input: retry at once, in another invocation. Nothing was done, nothing failed."""
