"""Runbook entries for alarms on records: those that are not judged, and flow logs that deliver none."""

from stacks.monitoring.runbook.entry import NAME, SERVICE, Entry, children_of, first_message, in_log, value

ENTRIES = (
    Entry(
        "watch-broken",
        "Records of a flow log are judged late, or not at all: one of the alarms below is in ALARM, or a processor or "
        "the check of flow logs states nothing any more. Those alarms send no message of their own.",
        children_of("watch-broken"),
        "See the entry of the alarm that the query names, after the deployment's name.",
        "It ends with the last of its alarms. While it lasts, a further one sends no message: run the query again.",
    ),
    Entry(
        "dead-letter-queue",
        "Flow logs could not be processed. An object event is in this queue because no retry could help; because its "
        "object ended the function three times; or after 100 receives (ten hours of failed tries). Nothing is lost "
        "yet: the object is in its bucket, the message stays for 14 days.",
        first_message(value("object-dead-letter-queue-url")),
        "Something that is no flow log was stored in the bucket, or the function may not read the object.",
        "Send the messages back or delete them: it ends when the queue is empty.",
    ),
    Entry(
        "dead-letters-old",
        "The oldest message has been in the dead-letter queue for seven days. SQS deletes it 14 days after it was "
        "first sent, of which it was in the queue of object events for up to four.",
        first_message(value("object-dead-letter-queue-url")),
        "The alarm `dead-letter-queue` was read, and the messages were left.",
        "Send the messages back or delete them: it ends with the oldest one.",
    ),
    Entry(
        "oldest-object-event",
        "Objects are read more slowly than they arrive, or not at all. Detection is late; nothing is lost for four "
        "days.",
        in_log("object-processor", '$.level="ERROR"||$.level="WARNING"'),
        "A backlog after an outage, which shrinks by itself; too little memory or concurrency.",
        "It ends when the backlog is read.",
    ),
    Entry(
        "iterator-age",
        "Payloads wait in the Kinesis data stream: they arrive faster than `stream_processor` reads them, or one that "
        "fails holds up those behind it. Detection is late; nothing is lost: after 12 hours a payload goes to the "
        "bucket of failed invocations, and from there to the queue.",
        in_log("stream-processor", '$.level="ERROR"'),
        "Too little concurrency for the payloads that arrive.",
        "It ends when the backlog is read.",
    ),
    Entry(
        "failed-invocations-lost",
        "`stream_processor` failed on a CloudWatch Logs payload, and Lambda could not store it in the bucket of failed "
        "invocations. Its records are missing from detection; they are still in their log group.",
        in_log("stream-processor", '$.level="ERROR"'),
        "The bucket, its policy or the function's role was changed by hand.",
        "It ends after five minutes without another loss.",
    ),
    Entry(
        "freshness",
        "For `freshness_minutes` a processor has read no record (state INSUFFICIENT_DATA), or only records older than "
        "that (state ALARM): nothing is being watched. After a first deployment the alarm is in INSUFFICIENT_DATA "
        "until the first records arrive, and nothing notifies.",
        "aws ec2 describe-flow-logs --query "
        "'FlowLogs[].[ResourceId,FlowLogId,DeliverLogsStatus,DeliverLogsErrorMessage]' --output table",
        "The subscription filter or the bucket's notification is gone, or the flow logs are.",
        "It ends with the next records. Records that come rarely: raise `freshness_minutes`.",
    ),
    Entry(
        "flow-log-silent",
        "A flow log has delivered no record for `freshness_minutes`, although an instance or an interface of a service "
        "runs in its VPC; or a flow log that this app created is gone. The finding `flow_log_stopped` names it; in its "
        "message is what to check. In the state INSUFFICIENT_DATA the check itself does not run.",
        in_log("inventory", '$.message="flow log stopped"'),
        "Somebody deleted the flow log, or changed its role or its destination.",
        "Acknowledge the finding, or suppress it by the VPC in `owners`: such a one does not count. It ends with the "
        "first check after records have arrived.",
    ),
    Entry(
        "flow-log-failed",
        "AWS reports that it can't deliver records of a flow log (`DeliverLogsStatus` FAILED). It does not deliver "
        "them later.",
        in_log("inventory", '$.message="flow log stopped"'),
        "The role of the flow log, the bucket policy or the key policy was changed.",
        "Acknowledge the finding `flow_log_stopped`. It ends with the first check after AWS delivers.",
    ),
    Entry(
        "records-skipped",
        "AWS skipped more than 1 % of the records of a flow log in the last two hours (SKIPDATA): scans may be missed. "
        "AWS does not deliver them later.",
        in_log("inventory", '$.message="records skipped"'),
        "Interfaces with more connections in an interval than AWS records.",
        "It ends two hours after the last of them. Interfaces that are always too busy: disable its actions.",
    ),
    Entry(
        "canary-lost",
        "The canary, a record that is written after each deploy, was not written, or no finding came of it within 20 "
        "minutes. Flow logs may be read no more since the deploy.",
        in_log("notifier", '$.message="canary lost"||$.message="canary not written"'),
        "The bucket or log group refuses the canary, or its trigger is missing since the deploy.",
        "It ends by itself, and comes with the next canary. `canary_after_deploy` false turns canaries off.",
    ),
    Entry(
        "function-errors",
        "A function failed in two of the last three periods of five minutes. Its input is tried again: object events "
        "return to the queue, payloads are tried three times and then kept, findings stay in the outbox, the last "
        "inventory stays in use.",
        in_log(SERVICE, '$.level="ERROR"'),
        "A change by hand of what the function reads, or an outage at AWS.",
        "It ends ten minutes after the last errors.",
    ),
    Entry(
        "throttled",
        "Lambda rejected invocations of a function in each of the last three periods of five minutes, because its "
        "concurrency or that of the account is used up. Nothing is lost: payloads wait in Lambda's queue for six "
        "hours, object events in theirs for four days, alerts in the outbox. Detection is late.",
        "aws lambda get-account-settings --query AccountLimit",
        "A new account with a limit of 10, or another function that uses the limit up.",
        "It ends after five minutes without throttles.",
    ),
    Entry(
        "reject-surge",
        "Far more flows of a VPC are rejected than at this time of other days: more than the band that CloudWatch's "
        "anomaly detection has learned of up to two weeks, in two of three quarters of an hour.",
        in_log("<processor>", '$.vpc="<vpc>"&&$.RejectedFlows>0'),
        "A rule that was just removed, a service that moved, or somebody who scans.",
        "It ends with the surge; one that lasts is learned within days. None for a VPC: `reject_surge_vpc_ids`.",
    ),
    Entry(
        "metric-filter",
        "More records of a log group met the condition of a metric filter (setting `metric_filters`) than its `above` "
        "in five minutes. The alarm's name ends with the label of the log group and the filter's name. Run a saved "
        "query of the folder with that label: SSH and RDP for a login port, Rejects by source for rejects.",
        f"aws logs describe-query-definitions --query-definition-name-prefix Flowsentry/{NAME}/",
        "A scan, which a finding describes; a job that somebody added; a rule that is too open, or too closed.",
        "Raise `above`, or remove the filter. It ends half an hour after the last record, because records arrive late.",
    ),
)
