"""How long delivered records are kept, in which class of log group or storage, and which VPCs a tag excludes."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stacks.settings.values import LOG_GROUP_DAYS, Section

INFREQUENT_ACCESS_CLASSES = ("STANDARD_IA", "ONEZONE_IA")
INFREQUENT_ACCESS_DAYS = 30
"""Days before S3 moves an object to an infrequent access class, and days between that and a colder class.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"""
COLDNESS = {
    name: position
    for position, name in enumerate(
        ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
    )
}
"""S3's waterfall: an object only moves to a class further down.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"""


def _standard_class(value: Any) -> Any:
    """Class STANDARD (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html)."""
    if value in ("INFREQUENT_ACCESS", "DELIVERY"):
        raise ValueError("other classes have no subscription filters, so nothing would be read")
    return value


LogClass = Annotated[Literal["STANDARD"], BeforeValidator(_standard_class)]

TagCondition = Annotated[
    str,
    Field(
        pattern=r"^[\w .:/+@-]+(=[\w .:/=+@-]*)?$",
        max_length=384,
        title="a tag key, or key=value,",
        examples=["flow-logs=none"],
    ),
]


class StorageTransition(Section):
    """A move of objects to another storage class of S3. Objects under 128 KB stay in STANDARD, because the move costs
    more than it saves: objects of quiet VPCs are smaller than that.
    """

    storage_class: Literal["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
    """The storage class. Detection reads an object within minutes. Later, `flowsentry replay` and Athena can't read
    objects in `GLACIER` and `DEEP_ARCHIVE` until they are restored."""
    after_days: int = Field(ge=0, le=3650)
    """Days after the delivery. `STANDARD_IA` and `ONEZONE_IA`: at least 30, and a colder class at least 30 days
    later."""


def broken_rules_of_retention(days: int | None, *, in_log_group: bool) -> Iterator[str]:
    """A sentence if CloudWatch Logs does not take this number of days. S3 takes any; 0 is for ever in both."""
    if in_log_group and days and days not in LOG_GROUP_DAYS:
        allowed = ", ".join(map(str, LOG_GROUP_DAYS))
        yield f"retention_days is {days}; allowed in a log group: one of {allowed}, or 0 for ever"


def broken_rules_of_transitions(transitions: Sequence[StorageTransition], days: int | None) -> Iterator[str]:
    """A sentence for each transition that S3 refuses; `days` is when objects expire, 0 or None if not known or never.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    for each in transitions:
        if each.storage_class in INFREQUENT_ACCESS_CLASSES and each.after_days < INFREQUENT_ACCESS_DAYS:
            yield _refused(each, f"at least {INFREQUENT_ACCESS_DAYS}")
        if days and each.after_days >= days:
            yield _refused(each, f"fewer than the {days} days after which objects expire")
    for earlier, later in pairwise(transitions):
        if COLDNESS[later.storage_class] <= COLDNESS[earlier.storage_class]:
            yield (
                f"storage_transitions has {later.storage_class} after {earlier.storage_class}; allowed: classes in "
                f"this order: {', '.join(COLDNESS)}"
            )
        gap = INFREQUENT_ACCESS_DAYS if earlier.storage_class in INFREQUENT_ACCESS_CLASSES else 1
        if later.after_days < earlier.after_days + gap:
            yield _refused(later, f"at least {earlier.after_days + gap}, as {earlier.storage_class} comes before")


def _refused(transition: StorageTransition, allowed: str) -> str:
    return f"storage_transitions has {transition.storage_class} after_days {transition.after_days}; allowed: {allowed}"
