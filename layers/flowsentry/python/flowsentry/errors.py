"""The two families of error: never retry, and retry. Whoever catches one needs to know nothing else."""


class PoisonError(Exception):
    """The input is bad and will be bad next time: never retry. The handler sends it to the dead-letter queue with
    `reason`, a short word for machines and metrics; the message is the sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CutOffError(PoisonError):
    """The container ended in the middle: never retry. All that came before was good and has been handed out, so what
    was made of it is kept; only the source is reported.
    """


class UnreadableError(PoisonError):
    """Most lines of a source are no records: never retry it as it is. What was good beside them is kept. Whoever
    remembers what is done does not remember this one: once its format is given, it is to be read again.
    """


class RetryableError(Exception):
    """Something around us failed (throttling, a time-out, a service error), not the input: retry. The handler lets it
    through, so that Lambda or SQS delivers the input again.
    """


class NotBegunError(RetryableError):
    """There was no time left to begin: retry at once, in another invocation. Nothing was done, and nothing failed."""
