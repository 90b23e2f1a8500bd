"""The log groups whose records can be queried: those of sources, and existing ones whose formats are set."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stacks.log_queries.record_fields import RecordFields
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH, Delivery

LABEL_CHARACTERS = 120
"""Of a label. The names of a saved query and of an alarm may have 255, with the deployment's and the question's."""
DIGEST_CHARACTERS = 6


@dataclass(frozen=True)
class FlowLogGroup:
    """A log group with flow log records. `label` names it in folders, metrics and alarms, and no other of the
    deployment. `name` is empty if the app creates the log group, and its name is known only to AWS.
    """

    id: str
    label: str
    log_formats: tuple[str, ...]
    name: str = ""

    @property
    def formats(self) -> Iterator[tuple[str, str, RecordFields]]:
        """(part of a name, log format, fields) of each format whose records can be told from those of the others. The
        part is empty if there is one format.
        """
        for number, log_format in enumerate(self.log_formats, 1):
            others = [each for each in self.log_formats if each != log_format]
            if fields := RecordFields.of(log_format, others):
                yield (f"format-{number}" if others else ""), log_format, fields

    @property
    def ambiguous_formats(self) -> int:
        """How many formats have as many fields as another one."""
        return len(self.log_formats) - sum(1 for _ in self.formats)


def log_groups_of(deployment: Deployment) -> list[FlowLogGroup]:
    """The log groups, those of sources first, in the order of the settings."""
    found = [*_created(deployment), *_existing(deployment)]
    repeated = {label for label, times in Counter(each.label for each in found).items() if times > 1}
    return [
        replace(each, label=_with_digest(each.label, each.id)) if each.label in repeated else each for each in found
    ]


def of_unknown_formats(deployment: Deployment) -> list[str]:
    """The names of the log groups whose formats are not set."""
    return [each.name for each in deployment.existing_log_groups if not each.log_formats]


def _created(deployment: Deployment) -> Iterator[FlowLogGroup]:
    seen = set()
    for source in deployment.sources:
        deliveries = [each for each in deployment.deliveries_of(source) if each.destination == CLOUDWATCH]
        for delivery in deliveries:
            if delivery.id not in seen:
                gateways = ["transit-gateways"] if len(deliveries) > 1 and _is_of_gateway(delivery) else []
                label = "-".join([source.label, *gateways, *(["draining"] if source.draining else [])])
                yield FlowLogGroup(delivery.id, _as_label(label), (delivery.log_format,))
            seen.add(delivery.id)


def _is_of_gateway(delivery: Delivery) -> bool:
    return not delivery.traffic_type


def _existing(deployment: Deployment) -> Iterator[FlowLogGroup]:
    for each in deployment.existing_log_groups:
        if each.log_formats:
            formats = tuple(dict.fromkeys(each.log_formats))
            yield FlowLogGroup(each.id, _as_label(each.name), formats, each.name)


def _as_label(text: str) -> str:
    """The text with hyphens for what would make a folder, or is not allowed in the name of a metric."""
    label = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-") or "log-group"
    return label if len(label) <= LABEL_CHARACTERS else _with_digest(label[:LABEL_CHARACTERS], text)


def _with_digest(label: str, of: str) -> str:
    digest = hashlib.blake2b(of.encode(), digest_size=DIGEST_CHARACTERS // 2).hexdigest()
    return f"{label[: LABEL_CHARACTERS - DIGEST_CHARACTERS - 1]}-{digest}"
