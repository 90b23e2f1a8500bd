"""All entries of the runbook, by name."""

from stacks.monitoring.runbook import about_alerts, about_inventory, about_records
from stacks.monitoring.runbook.entry import Entry

ENTRIES: dict[str, Entry] = {
    each.name: each for module in (about_records, about_inventory, about_alerts) for each in module.ENTRIES
}
"""An alarm without an entry fails the synth; an entry without an alarm fails a test."""
