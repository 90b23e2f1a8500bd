"""All that the deployed app can be sent: records of each kind, input that it refuses, alerts that were missed."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.traffic.company.network import Network
from stacks.constructs.parameters import Value
from tests.builders import SYN_ACK, V5, blocked, exchange, flow_log, line, no_data, probe
from tests.end_to_end.deployed_app import DeployedApp

HOUR, DAY = 3_600, 86_400


def produce_everything(app: DeployedApp) -> None:
    """Produces every kind of finding and line, unreadable input, an alert that was missed and a digest, through both
    sources, and a network interface without an identifiable owner.
    """
    app.log(earlier_responses(app, app.in_logs, "10.40.0", app.log_group_names))
    app.put("earlier-responses.log", flow_log(earlier_responses(app, app.in_bucket, "10.50.0", V5)))
    app.settle()
    app.log(everything(app, app.in_logs, "10.40.0", app.log_group_names))
    app.put("everything.log", flow_log(everything(app, app.in_bucket, "10.50.0", V5)))
    app.put("no-flow-log.log", b"hello\n", folder="AWSLogs/copies")
    app.invoke({"hello": "stream processor"})
    app.put("noise.log", flow_log(app.scan(app.in_bucket, "203.0.113.40", range(1, 21))))
    return_to_outbox(app, app.findings("203.0.113.40")[0].id, "digest", seconds=3_600)
    return_to_outbox(app, app.findings("10.50.0.41")[0].id, "urgent", seconds=600)
    app.fire_schedules("Sweep")
    app.aws.client("ec2").create_network_interface(SubnetId=app.in_bucket.host("server").subnet_id)
    app.fire_schedules("Ownership")
    app.fire_schedules("RuleUsage")
    produce_oddities(app)
    app.put("charged.log", flow_log(charged_on_every_path(app, app.in_bucket), WITH_PATHS))
    app.dead_letters("")


def produce_oddities(app: DeployedApp) -> None:
    """Records of other times and of a VPC without a name, a new field, and object events that are not processed: of an
    object that was, of one that is gone, of the log of another service.
    """
    app.log(odd_records(app, app.in_logs, app.log_group_names))
    names = (*V5, "new-field")
    key = app.put("odd.log", flow_log(odd_records(app, app.in_bucket, names), names))
    app.notify(app.object_event("AWSLogs/123456789012/CloudTrail/eu-west-1/trail.json.gz"))
    event = app.object_event(key, etag=app.etag(key))
    app.notify(event)
    app.notify(event.replace("ObjectCreated:Put", "ObjectRemoved:Delete"))


WITH_PATHS = (*V5, "az-id", "traffic-path", "interface-type")


def charged_on_every_path(app: DeployedApp, network: Network) -> list[str]:
    """Records of an interface that the inventory does not have: their fields say on which path AWS charges them."""
    server, host, outside = network.host("server").address, "10.50.0.81", "203.0.113.81"
    seen = app.seen_by(network) | {"interface_id": "eni-0e2e0000000000002", "az_id": "euw9-az9", "traffic_path": "-"}
    sent = seen | {"srcaddr": host, "flow_direction": "egress", "traffic_path": 1}
    gateways = ("nat_gateway", "vpc_endpoint", "transit_gateway")
    return [
        line(WITH_PATHS, **{**sent, "dstaddr": server}),
        line(WITH_PATHS, **{**sent, "dstaddr": server, "traffic_path": 4}),
        line(WITH_PATHS, **{**sent, "dstaddr": "10.99.0.1", "traffic_path": 5}),
        line(WITH_PATHS, **{**sent, "dstaddr": outside, "traffic_path": 8}),
        *(
            line(
                WITH_PATHS,
                **{**seen, "srcaddr": server, "dstaddr": host, "pkt_dstaddr": outside, "flow_direction": "ingress"},
                interface_type=kind,
            )
            for kind in gateways
        ),
    ]


def earlier_responses(app: DeployedApp, network: Network, inside: str, names: tuple[str, ...]) -> list[str]:
    """Records of a service that responds to its client more than an hour before it stops responding."""
    earlier = app.seen_by(network) | {"start": app.at - 4_000, "end": app.at - 3_990}
    return exchange(f"{inside}.47", f"{inside}.61", 8_080, names, packets=20, bytes=4_000, **earlier)


def everything(app: DeployedApp, network: Network, inside: str, names: tuple[str, ...]) -> list[str]:
    seen = app.seen_by(network)
    return [
        *app.scan(network, f"{inside}.41", range(1, 21), names),
        *(blocked(f"{inside}.42", f"{inside}.{host}", 22, names, **seen) for host in range(100, 120)),
        *(
            blocked(f"{inside}.43", f"{inside}.{host}", port, names, **seen)
            for host in range(100, 105)
            for port in range(4)
        ),
        blocked(f"{inside}.44", network.host("server").address, 5432, names, **seen),
        *logins_and_refusals(network.host("server").address, inside, names, seen),
        probe(f"{inside}.47", f"{inside}.61", 8_080, names, packets=3, bytes=180, **seen),
        *(
            text
            for number in range(1, 13)
            for text in exchange(f"198.51.100.{number}", f"{inside}.60", 22, names, packets=90, bytes=9_000, **seen)
        ),
        line(names, **{**seen, "interface_id": "eni-00000000000000000"}),
        no_data(names),
        no_data(names, "SKIPDATA", **seen),
        "too short",
    ]


def logins_and_refusals(server: str, inside: str, names: tuple[str, ...], seen: Mapping[str, Any]) -> Iterator[str]:
    """Records of a host without outbound access, one without a response, an external SSH session, and a brute-force
    login.
    """
    yield blocked(f"{inside}.45", "192.0.2.7", 6_514, names, flow_direction="egress", **seen)
    yield probe(f"{inside}.46", server, 5_432, names, **seen)
    answer = {"srcport": 5_432, "dstport": 45_000, "packets": 1, "bytes": 60, "tcp_flags": SYN_ACK}
    yield line(names, srcaddr=server, dstaddr=f"{inside}.46", action="REJECT", **answer, **seen)
    stranger, guesser = (f"203.0.113.{number + int(inside.split('.')[1])}" for number in (100, 150))
    yield from exchange(stranger, server, 22, names, packets=90, bytes=9_000, **seen)
    for port in range(46_000, 46_025):
        yield from exchange(guesser, server, 22, names, srcport=port, packets=15, bytes=2_400, **seen)


def return_to_outbox(app: DeployedApp, finding_id: str, outbox: str, *, seconds: int) -> None:
    """Puts a finding back into an outbox, as if it had not been delivered for `seconds`."""
    app.aws.client("dynamodb").update_item(
        TableName=app.value(Value.FINDINGS_TABLE),
        Key={"id": {"S": finding_id}},
        UpdateExpression="SET unpublished = :outbox, found_at = :then REMOVE published_at",
        ExpressionAttributeValues={":outbox": {"S": outbox}, ":then": {"N": str(int(time.time()) - seconds)}},
    )
    app.settle()


def odd_records(app: DeployedApp, network: Network, names: tuple[str, ...]) -> list[str]:
    seen, times = app.seen_by(network), (app.at - 15 * DAY, app.at + 3 * HOUR)
    odd = [line(names, **{**seen, "start": at, "end": at + 30}) for at in times]
    return [*odd, line(names, **{**seen, "vpc_id": ":odd"})]
