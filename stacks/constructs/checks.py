"""The checks of templates: cdk-nag's and those of AWS's limits; and the findings that the app accepts, with reasons.

A finding of AwsSolutions is accepted at its construct (see `nag_suppressions`). The reasons here, for findings of the
Serverless and NIST 800-53 R5 checks, hold for all resources of the app, or of a stack.
"""

from aws_cdk import Acknowledgment, Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks
from constructs import IConstruct

from stacks.limits.plugin import plugin as aws_limits
from stacks.settings.deployment import Deployment

NIST, SERVERLESS = "NIST.800.53.R5", "Serverless"
FAILURES = (
    "What fails is kept where its input comes from: object events and requests return to their queue and move to its "
    "dead-letter queue, payloads go to a bucket, findings stay in the outbox, and a schedule runs again."
)
KEYS_OF_AWS = "AWS's own keys encrypt it. The setting customer_key, or kms_key_arn, uses a customer managed key."
INLINE = (
    "Each policy belongs to one role, is created and deleted with it, and CloudFormation has it in place before AWS "
    "checks the role."
)
EVERYWHERE = {
    f"{SERVERLESS}-EventBusDLQ": "A scheduled run that is missed is made up for by the next one.",
    f"{SERVERLESS}-LambdaDLQ": FAILURES,
    f"{SERVERLESS}-LambdaLatestVersion": "The runtime is a setting: the newest Python by default.",
    f"{SERVERLESS}-LambdaEventSourceMappingDestination": FAILURES,
    f"{SERVERLESS}-SNSRedrivePolicy": "SNS keeps no undelivered e-mail anywhere; the findings table has each finding.",
    f"{SERVERLESS}-SQSRedrivePolicy": "It is a dead-letter queue itself.",
    f"{NIST}-DynamoDBInBackupPlan": "Tables have point-in-time recovery for 35 days; a plan belongs to the account.",
    f"{NIST}-IAMNoInlinePolicy": INLINE,
    f"{NIST}-LambdaConcurrency": (
        "Queues limit the concurrency of their functions. A reservation would take it from the account's other "
        "functions, and is a setting for the stream processor."
    ),
    f"{NIST}-LambdaDLQ": FAILURES,
    f"{NIST}-LambdaInsideVPC": (
        "The functions call AWS APIs only, for which a VPC needs endpoints or NAT. For private clusters, the inventory "
        "function can be in one."
    ),
    f"{NIST}-S3BucketLoggingEnabled": "CloudTrail data events record who reads a bucket, where they are enabled.",
    f"{NIST}-S3BucketReplicationEnabled": "Flow logs of a Region stay there; evidence of them is worth days.",
}
OF_FLOW_LOGS = {
    f"{NIST}-S3BucketVersioningEnabled": "Objects are delivered once and never replaced.",
}
WITHOUT_CUSTOMER_KEY = {
    f"{NIST}-CloudWatchLogGroupEncrypted": KEYS_OF_AWS,
    f"{NIST}-S3DefaultEncryptionKMS": KEYS_OF_AWS,
}
WITHOUT_TRACING = {f"{SERVERLESS}-LambdaTracing": "Tracing costs money and is a setting."}


def add_checks(app: IConstruct, flow_logs: IConstruct, deployment: Deployment) -> None:
    """Adds the checks of every synth, and accepts the findings that the settings do not prevent."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), aws_limits())
    accepted = dict(EVERYWHERE)
    accepted |= {} if deployment.has_customer_key else WITHOUT_CUSTOMER_KEY
    accepted |= {} if deployment.tracing else WITHOUT_TRACING
    for construct, reasons in ((app, accepted), (flow_logs, OF_FLOW_LOGS)):
        for rule, reason in reasons.items():
            pack = rule.rpartition("-")[0]
            Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{rule}", reason=reason))


def add_compliance_checks(app: IConstruct) -> None:
    """Adds the Serverless and NIST 800-53 R5 checks, some 200 rules, to the synth of a deployment."""
    Validations.of(app).add_plugins(ServerlessChecks(app), NIST80053R5Checks(app))
