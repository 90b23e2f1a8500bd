"""The queue of requests to the inventory, and what puts marks into it: events of change."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.sources.object_queue import DAYS_DEAD, TIMEOUTS_VISIBLE

WINDOW_SECONDS = 60
"""How long requests are gathered before a run. Longer: what is new stays unnamed for longer. Shorter: more runs."""
DAYS_QUEUED = 1
"""Older requests are answered: everything has been looked at since, many times."""

CALLS_OF_EC2 = (
    *("CreateNetworkInterface", "DeleteNetworkInterface", "AttachNetworkInterface", "DetachNetworkInterface"),
    *("AssignPrivateIpAddresses", "UnassignPrivateIpAddresses", "AssignIpv6Addresses", "UnassignIpv6Addresses"),
    *("AssociateAddress", "DisassociateAddress", "RunInstances", "TerminateInstances"),
    "ModifyNetworkInterfaceAttribute",
    *("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRules"),
    *("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", "ModifyManagedPrefixList"),
    *("CreateNetworkAclEntry", "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation"),
    *("CreateRoute", "DeleteRoute", "ReplaceRoute", "ReplaceRouteTableAssociation", "AssociateRouteTable"),
    *("CreateVpc", "AssociateVpcCidrBlock", "AcceptVpcPeeringConnection", "DeleteVpcPeeringConnection"),
)
CALLS_OF_LOAD_BALANCING = ("CreateLoadBalancer", "DeleteLoadBalancer", "SetSubnets", "SetSecurityGroups")
CALL = "AWS API Call via CloudTrail"

CHANGES: dict[str, dict[str, Any]] = {
    "Instances": {
        "source": ["aws.ec2"],
        "detail_type": ["EC2 Instance State-change Notification"],
        "detail": {"state": ["running", "terminated"]},
    },
    "Tasks": {
        "source": ["aws.ecs"],
        "detail_type": ["ECS Task State Change"],
        "detail": {"lastStatus": ["RUNNING", "STOPPED"]},
    },
    "CallsOfEc2": {
        "source": ["aws.ec2"],
        "detail_type": [CALL],
        "detail": {"eventName": list(CALLS_OF_EC2), "errorCode": [{"exists": False}]},
    },
    "CallsOfLoadBalancing": {
        "source": ["aws.elasticloadbalancing"],
        "detail_type": [CALL],
        "detail": {"eventName": list(CALLS_OF_LOAD_BALANCING), "errorCode": [{"exists": False}]},
    },
}
"""The events after which somebody else may own an address, or other rules hold. Those of calls come only where a trail
of CloudTrail records management events.
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ec2.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html"""
MAX_RECEIVES = 5
"""Tries before a request is put aside. Fewer: a short outage fills the dead-letter queue. More: one that will never
work costs more runs before anybody hears of it. AWS advises at least 5."""


class InventoryQueue(Construct):
    """`queue`, and `dead_letters`: what was tried too often, what is no request, and what a rule could not put there.

    A request that failed is seen again when its visibility ends, after half an hour. By then it is answered: everything
    is looked at on a schedule.
    """

    def __init__(self, scope: Construct, id_: str, *, function_timeout_seconds: int) -> None:
        super().__init__(scope, id_)
        self.dead_letters = _queue(self, "DeadLetters", retention_period=Duration.days(DAYS_DEAD))
        self.queue = _queue(
            self,
            "Queue",
            retention_period=Duration.days(DAYS_QUEUED),
            visibility_timeout=Duration.seconds(TIMEOUTS_VISIBLE * function_timeout_seconds + WINDOW_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )

    def mark_changes(self) -> None:
        """Each event that matches becomes a mark of the place it tells of. Who forwards events of other accounts or
        regions to this event bus marks those.
        """
        place = f"{events.EventField.from_path('$.account')}/{events.EventField.from_path('$.region')}"
        for id_, pattern in CHANGES.items():
            events.Rule(
                self,
                id_,
                event_pattern=events.EventPattern(**pattern),
                targets=[
                    targets.SqsQueue(
                        self.queue,
                        dead_letter_queue=self.dead_letters,
                        message=events.RuleTargetInput.from_object({"target": place}),
                    )
                ],
            )


def _queue(scope: Construct, id_: str, **properties: Any) -> sqs.Queue:
    return sqs.Queue(scope, id_, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, **properties)
