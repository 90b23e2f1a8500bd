"""List prices of what Flowsentry uses: functions, storage, queues, tables, notifications, observation.

A Region that a meter leaves out has the price of us-east-1, marked as not verified (`Meter.quote`).
"""

from stacks.prices.meter import UNLIMITED, Meter, Quote, flat, not_verified, tiered

MILLION, THOUSAND = 1e6, 1e3
LAMBDA = "https://aws.amazon.com/lambda/pricing/"
S3 = "https://aws.amazon.com/s3/pricing/"
SQS = "https://aws.amazon.com/sqs/pricing/"
SNS = "https://aws.amazon.com/sns/pricing/"
KINESIS = "https://aws.amazon.com/kinesis/data-streams/pricing/"
DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
ATHENA = "https://aws.amazon.com/athena/pricing/"
KMS = "https://aws.amazon.com/kms/pricing/"
XRAY = "https://aws.amazon.com/xray/pricing/"
EVENTBRIDGE = "https://aws.amazon.com/eventbridge/pricing/"


def _alike(quote: Quote) -> dict[str, Quote]:
    """The same price in the three Regions whose price lists say so."""
    return dict.fromkeys(("us-east-1", "eu-west-1", "eu-central-1"), quote)


_ARM = tiered((7.5e9, 0.0000133334), (18.75e9, 0.0000120001), (UNLIMITED, 0.0000106667))
_X86 = tiered((6e9, 0.0000166667), (15e9, 0.000015), (UNLIMITED, 0.0000133334))
LAMBDA_ARM64 = Meter("Lambda, arm64", "GB-second", LAMBDA, {"us-east-1": _ARM})
LAMBDA_X86_64 = Meter("Lambda, x86_64", "GB-second", LAMBDA, _alike(_X86))
LAMBDA_REQUESTS = Meter("Lambda invocations", "request", LAMBDA, _alike(flat(0.20 / MILLION)))

S3_PUTS = Meter(
    "S3 PUT, COPY, POST, LIST",
    "request",
    S3,
    {
        "us-east-1": flat(0.005 / THOUSAND),
        "us-west-2": flat(0.005 / THOUSAND),
        "eu-west-1": flat(0.005 / THOUSAND),
        "eu-central-1": flat(0.0054 / THOUSAND),
        "ap-southeast-2": not_verified(flat(0.0055 / THOUSAND)),
    },
)
S3_GETS = Meter(
    "S3 GET and others",
    "request",
    S3,
    {
        "us-east-1": flat(0.0004 / THOUSAND),
        "us-west-2": flat(0.0004 / THOUSAND),
        "eu-west-1": flat(0.0004 / THOUSAND),
        "eu-central-1": flat(0.00043 / THOUSAND),
        "ap-southeast-2": not_verified(flat(0.00044 / THOUSAND)),
    },
)
S3_STORAGE = Meter(
    "S3 Standard",
    "GB-month",
    S3,
    {
        "us-east-1": flat(0.023),
        "us-west-2": flat(0.023),
        "eu-west-1": flat(0.023),
        "eu-central-1": flat(0.0245),
        "ap-southeast-2": not_verified(flat(0.025)),
    },
)
SQS_REQUESTS = Meter("SQS, standard queues", "request of 64 KB", SQS, _alike(flat(0.40 / MILLION)))
KINESIS_SHARD_HOURS = Meter("Kinesis, provisioned shard", "hour", KINESIS, {"us-east-1": flat(0.015)})
KINESIS_PUTS = Meter("Kinesis, provisioned PUT", "unit of 25 KB", KINESIS, {"us-east-1": flat(0.014 / MILLION)})
KINESIS_STREAM_HOURS = Meter("Kinesis, on-demand stream", "hour", KINESIS, {"us-east-1": flat(0.04)})
KINESIS_GB_IN = Meter("Kinesis, on-demand, written", "GB", KINESIS, {"us-east-1": flat(0.08)})
KINESIS_GB_OUT = Meter("Kinesis, on-demand, read", "GB", KINESIS, {"us-east-1": flat(0.04)})
DYNAMODB_WRITES = Meter(
    "DynamoDB on demand, writes",
    "unit of 1 KB",
    DYNAMODB,
    {"us-east-1": flat(0.625 / MILLION), "eu-west-1": flat(0.705 / MILLION), "eu-central-1": flat(0.7625 / MILLION)},
)
DYNAMODB_READS = Meter(
    "DynamoDB on demand, reads",
    "unit of 4 KB",
    DYNAMODB,
    {"us-east-1": flat(0.125 / MILLION), "eu-west-1": flat(0.1415 / MILLION), "eu-central-1": flat(0.1525 / MILLION)},
)
DYNAMODB_STORAGE = Meter(
    "DynamoDB storage",
    "GB-month",
    DYNAMODB,
    {"us-east-1": flat(0.25), "eu-west-1": flat(0.283), "eu-central-1": flat(0.306)},
)
SNS_PUBLISHED = Meter("SNS, published", "request of 64 KB", SNS, {"us-east-1": flat(0.50 / MILLION)})
SNS_EMAILS = Meter("SNS, e-mails", "e-mail", SNS, {"us-east-1": flat(2 / 1e5)})
EVENTS = Meter("EventBridge, custom events", "event of 64 KB", EVENTBRIDGE, _alike(flat(1 / MILLION)))
METRICS = Meter(
    "CloudWatch custom metrics",
    "metric-month",
    CLOUDWATCH,
    _alike(tiered((1e4, 0.30), (2.5e5, 0.10), (1e6, 0.05), (UNLIMITED, 0.02))),
)
ALARMS = Meter("CloudWatch alarms", "metric of an alarm, month", CLOUDWATCH, _alike(flat(0.10)))
COMPOSITE_ALARMS = Meter("CloudWatch composite alarms", "alarm-month", CLOUDWATCH, _alike(flat(0.50)))
DASHBOARDS = Meter("CloudWatch dashboards", "dashboard-month", CLOUDWATCH, {"us-east-1": flat(3.0)})
CONTRIBUTOR_RULES = Meter("Contributor Insights rules", "rule-month", CLOUDWATCH, {"us-east-1": flat(0.50)})
CONTRIBUTOR_EVENTS = Meter("Contributor Insights events", "log event", CLOUDWATCH, {"us-east-1": flat(0.02 / MILLION)})
ATHENA_SCANNED = Meter("Athena", "TB scanned", ATHENA, {"us-east-1": flat(5.0)})
KMS_KEYS = Meter("KMS customer managed key", "key-month", KMS, {"us-east-1": flat(1.0)})
KMS_REQUESTS = Meter("KMS requests", "request", KMS, {"us-east-1": flat(0.03 / 1e4)})
TRACES = Meter("X-Ray traces recorded", "trace", XRAY, {"us-east-1": flat(5 / MILLION)})
