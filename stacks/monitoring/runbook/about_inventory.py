"""Runbook entries for alarms on the inventory, and on what the functions read of what is stored for them."""

from stacks.monitoring.runbook.entry import SERVICE, Entry, first_message, in_log, value

DEAD_LETTERS = f"$(aws sqs get-queue-url --queue-name {value('inventory-dead-letter-queue-name')} --output text)"

ENTRIES = (
    Entry(
        "inventory-stale",
        "The inventory was not refreshed for 30 minutes. Addresses that changed their owner since have no owner in "
        "findings and records; none has a wrong one. Detection continues.",
        in_log("inventory", '$.level="ERROR"'),
        "The inventory function fails or runs out of time, or the rule of its schedule is disabled.",
        "It ends with the first records after a discovery.",
    ),
    Entry(
        "inventory-target-failed",
        "The discovery of an account and Region failed repeatedly. Its owners are those of the last discovery, until "
        "`inventory_retention_days` have passed; other targets are not held up.",
        in_log("inventory", '$.message="discovery failed"'),
        "The role of that account does not exist, or does not admit the function.",
        "Remove the target from `inventory_targets`. It ends ten minutes after the last failure.",
    ),
    Entry(
        "cluster-unreachable",
        "The pods of a Kubernetes cluster could not be listed, repeatedly. Its pods are those of the last discovery; "
        "newer traffic is attributed to their nodes.",
        in_log("inventory", '$.message="discovery failed"'),
        "The cluster does not know the function's role, or its endpoint is private.",
        "Remove the cluster from `kubernetes_clusters`. It ends ten minutes after the last failure.",
    ),
    Entry(
        "inventory-dead-letters",
        "Requests to the inventory failed five times over hours, or were no requests, or EventBridge could not put an "
        "event into the queue. Owners are still named within `inventory_minutes`: the schedule discovers everything.",
        first_message(DEAD_LETTERS),
        "The inventory function failed for hours.",
        "Delete the messages: it ends when the queue is empty.",
    ),
    Entry(
        "stored-object-unreadable",
        "A function can't read an object that is stored for it. The last valid version is active in functions that "
        'had read one; functions that start now continue without it. The log names the object ("stored object not '
        'used").',
        in_log(SERVICE, '$.message="stored object not used"'),
        "Something else wrote the object, or a deploy was interrupted.",
        "It ends with the first period in which it is read again, or not needed.",
    ),
    Entry(
        "suppressions-unreadable",
        "The suppressions object was changed and is invalid, too large, or denied. The last valid version is active; a "
        "function that has just started has only the suppressions of the first deploy, so more alerts are sent than "
        "people want. Or an entry names an unknown kind of finding: only that kind, or an entry without other kinds, "
        "is not used.",
        in_log(SERVICE, '$.message="suppressions not used"'),
        "A mistake in the last edit of the object.",
        "Upload a valid object: it ends within minutes.",
    ),
    Entry(
        "rule-usage-behind",
        "The rule usage of a day with records was not finished in twelve hourly runs. Detection and alerts go on. The "
        "rules of a day are known for two more days: afterwards the day stays missing from rule usage.",
        in_log("rule-usage", '$.level="ERROR"||$.level="WARNING"'),
        "There is no inventory snapshot, or the day is too large for twelve runs of 15 minutes.",
        "It ends when the day is written, or is older than two days. `rule_usage_days` 0 turns rule usage off.",
    ),
)
