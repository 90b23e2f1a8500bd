"""The queue of requests to the inventory function, and the EventBridge rules that put change events into it."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.encrypted_queue import EncryptedQueue
from stacks.sources.object_queue import DEAD_LETTER_DAYS, VISIBILITY_TIMEOUTS

WINDOW_SECONDS = 60
"""How long requests are gathered into a batch. Higher: new interfaces have no owner for longer. Lower: more
invocations."""
RETENTION_DAYS = 1
"""Retention of requests. Older ones are obsolete: scheduled discoveries have run many times since."""

EC2_CALLS = (
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
LOAD_BALANCING_CALLS = ("CreateLoadBalancer", "DeleteLoadBalancer", "SetSubnets", "SetSecurityGroups")
CLOUDTRAIL_CALL = "AWS API Call via CloudTrail"

CHANGE_EVENTS: dict[str, dict[str, Any]] = {
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
        "detail_type": [CLOUDTRAIL_CALL],
        "detail": {"eventName": list(EC2_CALLS), "errorCode": [{"exists": False}]},
    },
    "CallsOfLoadBalancing": {
        "source": ["aws.elasticloadbalancing"],
        "detail_type": [CLOUDTRAIL_CALL],
        "detail": {"eventName": list(LOAD_BALANCING_CALLS), "errorCode": [{"exists": False}]},
    },
}
"""Events that may change the owner of an address, or the rules and routes of a network. Events of API calls arrive
only where a CloudTrail trail records management events.
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ec2.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html"""
MAX_RECEIVES = 5
"""Receives before a request is moved to the dead-letter queue. Lower: a short outage fills that queue. Higher: a
request that always fails costs more invocations before the alarm fires. AWS recommends at least 5."""


class InventoryQueue(Construct):
    """The queue (`queue`) and its dead-letter queue (`dead_letters`).

    The latter gets requests that failed too often, invalid messages, and events that a rule could not put into the
    queue. A failed request becomes visible again after half an hour; by then a scheduled discovery has answered it.
    """

    def __init__(
        self, scope: Construct, id_: str, *, function_timeout_seconds: int, key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, id_)
        days = Duration.days(DEAD_LETTER_DAYS)
        self.dead_letters = EncryptedQueue(self, "DeadLetters", key=key, retention_period=days)
        self.queue = EncryptedQueue(
            self,
            "Queue",
            key=key,
            retention_period=Duration.days(RETENTION_DAYS),
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * function_timeout_seconds + WINDOW_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )

    def queue_changes(self) -> None:
        """Puts a change event for the account and Region of each matching event into the queue.

        Events that are forwarded to this event bus from other accounts or Regions have the same effect.
        """
        target = f"{events.EventField.from_path('$.account')}/{events.EventField.from_path('$.region')}"
        for id_, pattern in CHANGE_EVENTS.items():
            events.Rule(
                self,
                id_,
                event_pattern=events.EventPattern(**pattern),
                targets=[
                    targets.SqsQueue(
                        self.queue,
                        dead_letter_queue=self.dead_letters,
                        message=events.RuleTargetInput.from_object({"target": target}),
                    )
                ],
            )
