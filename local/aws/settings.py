"""How the embedded AWS behaves where it is not AWS: its pace, its bounds, its identity."""

from dataclasses import dataclass

ACCOUNT = "123456789012"
CONTROL_PATH = "/_embedded/"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """AWS waits minutes where a demonstration or a test should wait less than a second: these are the short waits.

    Longer waits are nearer to AWS and show what happens meanwhile; shorter ones make tests quick. Bounds that AWS does
    not have are there because this is one machine.
    """

    region: str = "us-east-1"
    async_retry_seconds: float = 0.2
    """Before each retry of a failed asynchronous invocation. AWS: one minute, then two."""
    redelivery_seconds: float = 0.3
    """Until a message of a failed batch is seen again. AWS: what is left of the queue's visibility timeout."""
    batch_window_seconds: float = 0.2
    """The longest a batching window lasts. AWS: what the event source mapping says."""
    stream_retry_seconds: float = 0.2
    """Before a failed batch of a stream, of a table or of data, is tried again."""
    schedule_seconds: float | None = None
    """Every enabled schedule fires this often. None: only when asked to (`fire_schedules`)."""
    concurrency: int = 2
    """Execution environments per function, at most."""
    init_seconds: float = 60.0
    """An environment that has not asked for its first event by then has failed. AWS: 10."""
    polling_seconds: float = 0.05
    """Between two looks at a queue or a stream."""
    max_seconds: float = 3600.0
    """The server ends by itself after this long, whoever has forgotten it."""
    probe_subscriptions: bool = True
    """A new subscription filter invokes its function with a CONTROL_MESSAGE. False: a deploy starts no function."""


def environment(endpoint_url: str, region: str) -> dict[str, str]:
    """What boto3, the AWS CLI and the CDK read to talk to this AWS and to no other."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_SESSION_TOKEN": "embedded",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
