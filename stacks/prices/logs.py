"""List prices of CloudWatch Logs and of the delivery of flow logs, which AWS bills as vended logs.

Tiers of vended logs: first 10 TB of a month, next 20 TB, next 20 TB, above 50 TB; of one account and Region. AWS bills
them by the Region of the resource that is logged. Delivery to S3 costs half of delivery to CloudWatch Logs in
us-east-1, and in ap-northeast-1 too ($0.38 and $0.76); where its price was not found it is taken to be half.
"""

from stacks.prices.meter import GB_IN_TB, UNLIMITED, Meter, Quote, flat, not_verified, tiered

PAGE = "https://aws.amazon.com/cloudwatch/pricing/"


def _vended(first: float, second: float, third: float, above: float) -> Quote:
    ends = (10 * GB_IN_TB, 30 * GB_IN_TB, 50 * GB_IN_TB, UNLIMITED)
    return tiered(*zip(ends, (first, second, third, above), strict=True))


TO_LOGS = Meter(
    "flow logs delivered to CloudWatch Logs",
    "GB",
    PAGE,
    {
        "us-east-1": _vended(0.50, 0.25, 0.10, 0.05),
        "eu-west-1": _vended(0.57, 0.285, 0.114, 0.057),
        "eu-central-1": not_verified(_vended(0.63, 0.315, 0.126, 0.063)),
        "ap-southeast-2": not_verified(_vended(0.67, 0.335, 0.134, 0.067)),
    },
)
TO_S3 = Meter(
    "flow logs delivered to S3",
    "GB",
    PAGE,
    {
        "us-east-1": _vended(0.25, 0.15, 0.075, 0.05),
        "eu-west-1": not_verified(_vended(0.285, 0.171, 0.0855, 0.057)),
        "eu-central-1": not_verified(_vended(0.315, 0.189, 0.0945, 0.063)),
        "ap-southeast-2": not_verified(_vended(0.335, 0.201, 0.1005, 0.067)),
    },
)
TO_FIREHOSE = Meter("flow logs delivered to Firehose", "GB", PAGE, TO_S3.quotes)
TO_PARQUET = Meter("conversion of flow logs to Parquet in S3", "GB", PAGE, {"us-east-1": flat(0.035)})
INGESTED = Meter(
    "log lines of the functions",
    "GB",
    PAGE,
    {
        "us-east-1": flat(0.50),
        "eu-west-1": flat(0.57),
        "eu-central-1": flat(0.63),
        "ap-southeast-2": not_verified(flat(0.67)),
    },
)
STORED = Meter(
    "storage in CloudWatch Logs, of compressed logs",
    "GB-month",
    PAGE,
    {"us-east-1": flat(0.03), "eu-west-1": flat(0.03), "eu-central-1": flat(0.0324)},
)
QUERIED = Meter(
    "Logs Insights",
    "GB scanned",
    PAGE,
    {"us-east-1": flat(0.005), "eu-west-1": flat(0.0057), "eu-central-1": flat(0.0063)},
)
