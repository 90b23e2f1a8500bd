"""The table of all alarms of a deployment, and of the composite alarms over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.monitoring.alarms.alerts import alarms_on_alerts
from stacks.monitoring.alarms.filters import alarms_on_filters
from stacks.monitoring.alarms.functions import (
    alarms_on_functions,
    alarms_on_inventory,
    alarms_on_rule_usage,
    alarms_on_stored_objects,
)
from stacks.monitoring.alarms.records import alarms_on_records
from stacks.monitoring.alarms.row import Row, ToldBy
from stacks.monitoring.alarms.surges import alarms_on_surges
from stacks.settings.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite alarm, which notifies in place of its children; `wrong` as in a row."""

    name: ToldBy
    wrong: str


COMPOSITES = (
    Composite(ToldBy.WATCH, "The flow log watch is broken: records are judged late, or not at all."),
    Composite(ToldBy.PEOPLE, "People are not told: alerts do not arrive, or not everywhere."),
)


def table_of(deployment: Deployment) -> tuple[Row, ...]:
    """Every alarm on a metric."""
    return (
        *alarms_on_records(deployment),
        *alarms_on_functions(deployment),
        *alarms_on_stored_objects(deployment),
        *alarms_on_inventory(deployment),
        *alarms_on_rule_usage(deployment),
        *alarms_on_alerts(deployment),
        *alarms_on_surges(deployment),
        *alarms_on_filters(deployment),
    )


def rule_of(composite: Composite, rows: Sequence[Row], deployment: str) -> str:
    """The rule of a composite alarm, by names, which are shorter than ARNs; the limit is 10,240 characters.

    A child in INSUFFICIENT_DATA counts where that state is a problem, once the function has stated anything: a first
    deployment raises no alarm.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    terms = []
    for row in rows:
        if row.told_by is composite.name:
            terms.append(f'ALARM("{deployment}-{row.name}")')
            if row.unknown_after:
                known = f'NOT INSUFFICIENT_DATA("{deployment}-{row.unknown_after}")'
                terms.append(f'(INSUFFICIENT_DATA("{deployment}-{row.name}") AND {known})')
    return " OR ".join(terms)


def children_of(composite: Composite, rows: Sequence[Row]) -> set[str]:
    """The names of the alarms in the rule."""
    own = [row for row in rows if row.told_by is composite.name]
    return {row.name for row in own} | {row.unknown_after for row in own if row.unknown_after}
