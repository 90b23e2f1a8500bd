"""Flow logs in S3, from the object to the alert or the dead letter."""

import json
import random
from collections.abc import Sequence

from tests.builders import V5, exchange, flow_log, line, no_data
from tests.end_to_end.deployed_app import OBJECTS, DeployedApp, gz, increase

SEEN = ("Lines", "Records", "NoDataRecords", "SkippedRecords", "RejectedLines", "FindingsRaised")
NOT_FLOW_LOGS = {
    "not-a-flow-log.log": (b"the quick brown fox\njumps over\n", "no-header"),
    "a-document.pdf.gz": (gz(b"%PDF-1.7 nothing of ours\n" * 99), "no-header"),
    "corrupt.log.gz": (gz(flow_log([line()] * 99))[:-8] + bytes(8), "gzip-corrupt"),
    "some.json": (b'{"records": []}', "no-header"),
}
"""Content and expected dead-letter reason, by name."""


def test_an_object_is_counted_enriched_and_becomes_an_alert(app: DeployedApp) -> None:
    network = app.in_bucket
    client, server = network.host("client"), network.host("server")
    before, known = (app.totals(OBJECTS, *SEEN), app.totals_of(network)), app.enriched_etags()
    lines = app.scan(network, client.address, range(1, 21))
    left_out = no_data(log_status="SKIPDATA", **app.seen_by(network, "client"))
    app.put("whole.log.gz", gz(flow_log([*lines, no_data(), left_out])))
    counted = {"Lines": 22, "Records": 20, "NoDataRecords": 1, "SkippedRecords": 1, "RejectedLines": 0}
    assert increase(before[0], app.totals(OBJECTS, *SEEN)) == {**counted, "FindingsRaised": 2}
    assert increase(before[1], app.totals_of(network)) == {"Flows": 20, "RejectedFlows": 20, "Packets": 60}
    [rows] = app.enriched_since(known)
    owners = ("source_owner_kind", "source_owner_name", "destination_owner_name", "destination_owner_id")
    assert set(rows.select(owners).iter_rows()) == {("instance", "client", "server", server.instance_id)}
    [finding] = app.findings(client.address)
    assert (finding.kind, finding.severity, finding.scope) == ("port_scan", "high", network.vpc_id)
    [gap] = app.findings(client.interface_id)
    assert (gap.kind, gap.severity, gap.details["subject_owner"]["name"]) == ("records_skipped", "background", "client")
    [email] = app.emails_about(finding.id)
    assert email["address"] == "you@company.example"
    assert "client" in email["subject"]


def test_an_object_with_repeated_events_is_counted_once_and_gives_one_finding(app: DeployedApp) -> None:
    source, network = "10.50.0.21", app.in_bucket
    content = gz(flow_log(app.scan(network, source, range(1, 21))))
    before = app.totals(OBJECTS, "Lines", "DuplicateObjects")
    key = app.put("twice.log.gz", content)
    first = app.findings(source), app.enriched_etags(), app.emails_about(source)
    object_event = app.object_event(key, etag=app.etag(key))
    app.notify(object_event)
    app.notify(object_event.replace("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"))
    app.put("twice.log.gz", content)
    assert (app.findings(source), app.enriched_etags(), app.emails_about(source)) == first
    assert increase(before, app.totals(OBJECTS, "Lines", "DuplicateObjects")) == {"Lines": 20, "DuplicateObjects": 3}


def test_many_objects_at_once_are_all_processed(app: DeployedApp) -> None:
    source, network = "198.51.100.22", app.in_bucket
    before = app.totals(OBJECTS, "Lines")
    for port in range(1, 26):
        app.put(f"many-{port}.log.gz", gz(flow_log(app.scan(network, source, [port]))), settle=False)
    app.settle()
    assert increase(before, app.totals(OBJECTS, "Lines")) == {"Lines": 25}
    assert len(app.findings(source)) == 1
    assert sum(len(rows) for rows in app.enriched(source).values()) == 25


def test_an_object_that_is_not_a_flow_log_is_a_dead_letter_with_its_reason(app: DeployedApp) -> None:
    before = app.totals(OBJECTS, "Lines", "PoisonSources", "RetriedObjectEvents"), app.enriched_etags()
    for name, (content, _) in NOT_FLOW_LOGS.items():
        app.put(name, content, folder="AWSLogs/copies", settle=False)
    app.settle()
    letters = {name: [letter.reason for letter in app.dead_letters(name)] for name in NOT_FLOW_LOGS}
    assert letters == {name: [reason] for name, (_, reason) in NOT_FLOW_LOGS.items()}
    counted = {"Lines": 0, "PoisonSources": 4, "RetriedObjectEvents": 0}
    assert increase(before[0], app.totals(OBJECTS, *before[0])) == counted
    assert app.enriched_etags() == before[1]


def test_an_object_with_the_key_of_another_log_is_ignored_and_counted(app: DeployedApp) -> None:
    before = app.totals(OBJECTS, "Lines", "PoisonSources", "IgnoredObjects")
    app.put("test_file.log.gz", gz(b"the quick brown fox\n"), settle=False)
    app.put("x_CloudTrail_x.json.gz", gz(b"{}"), folder=f"AWSLogs/{app.aws.account}/CloudTrail", settle=False)
    app.settle()
    counted = {"Lines": 0, "PoisonSources": 0, "IgnoredObjects": 2}
    assert increase(before, app.totals(OBJECTS, *before)) == counted
    assert app.dead_letters("test_file.log.gz") == app.dead_letters("CloudTrail") == []


def test_a_missing_object_is_a_dead_letter_without_a_retry(app: DeployedApp) -> None:
    before = app.totals(OBJECTS, "PoisonSources", "RetriedObjectEvents")
    app.notify(app.object_event("AWSLogs/expired.log.gz"))
    [letter] = app.dead_letters("expired.log.gz")
    assert letter.reason == "object-missing"
    assert "AWSLogs/expired.log.gz can't be read" in letter.message
    assert increase(before, app.totals(OBJECTS, *before)) == {"PoisonSources": 1, "RetriedObjectEvents": 0}


def test_a_message_that_is_not_an_object_event_is_a_dead_letter(app: DeployedApp) -> None:
    app.notify("hello, is this the queue?")
    assert [letter.reason for letter in app.dead_letters("is this the queue")] == ["not-an-object-event"]


def test_a_truncated_object_is_a_dead_letter_and_its_complete_lines_are_processed(app: DeployedApp) -> None:
    source, network = "10.50.0.23", app.in_bucket
    content = flow_log([*app.scan(network, source, range(1, 21)), *varied(5_000)])
    before = app.totals(OBJECTS, "Lines", "RejectedLines")
    whole = gz(content)
    app.put("cut-off.log.gz", whole[: len(whole) // 2])
    assert [letter.reason for letter in app.dead_letters("cut-off.log.gz")] == ["gzip-cut-off"]
    counted = increase(before, app.totals(OBJECTS, *before))
    assert 1_000 < counted["Lines"] < 4_500
    assert counted["RejectedLines"] == 0
    assert len(app.findings(source)) == 1


def test_an_empty_object_is_processed_without_error(app: DeployedApp) -> None:
    before = app.totals(OBJECTS, "Lines", "PoisonSources", "RetriedObjectEvents"), app.enriched_etags()
    for number, content in enumerate((b"", gz(b""), flow_log([]), gz(flow_log([])))):
        app.put(f"empty-{number}.log.gz", content, settle=False)
    app.settle()
    assert app.dead_letters("empty-") == []
    assert set(increase(before[0], app.totals(OBJECTS, *before[0])).values()) == {0}
    assert app.enriched_etags() == before[1]


def test_bad_lines_are_counted_and_stored_and_good_lines_are_processed(app: DeployedApp) -> None:
    source, network = "10.50.0.24", app.in_bucket
    good = app.scan(network, source, range(1, 21))
    bad = ["too short", line(bytes="many"), "", good[0] + " and more"]
    before = app.totals(OBJECTS, "Lines", "Records", "RejectedLines"), app.by_reason(), app.output("rejected/")
    key = app.put("bad-lines.log", flow_log([*bad[:2], *good, *bad[2:]]))
    counted = {"Lines": 24, "Records": 20, "RejectedLines": 4}
    assert increase(before[0], app.totals(OBJECTS, *before[0])) == counted
    reasons = ("too-few-fields", "bad-value", "empty-line", "too-many-fields")
    assert increase(before[1], app.by_reason()) == dict.fromkeys(reasons, 1)
    [sample] = app.output("rejected/").keys() - before[2].keys()
    kept = [json.loads(each) for each in app.output("rejected/")[sample].splitlines()]
    assert [(each["line"], each["reason"], each["text"]) for each in kept] == [
        (2, "too-few-fields", "too short"),
        (3, "bad-value bytes", bad[1]),
        (24, "empty-line", ""),
        (25, "too-many-fields", bad[3]),
    ]
    assert {each["source"] for each in kept} == {f"s3://{app.log_bucket}/{key}"}
    assert len(app.findings(source)) == 1


def test_the_s3_test_event_of_each_bucket_is_acknowledged(app: DeployedApp) -> None:
    assert app.at_first["S3TestEvents"] == 2
    assert app.dead_letters("s3:TestEvent") == []


def varied(count: int, names: Sequence[str] = V5) -> list[str]:
    """Normal traffic that does not compress well."""
    chance = random.Random(1)  # noqa: S311 - made-up traffic
    pairs = (exchange("10.50.0.10", "10.50.0.11", 443, names, bytes=chance.getrandbits(30)) for _ in range(count // 2))
    return [each for pair in pairs for each in pair]
