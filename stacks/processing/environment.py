"""What each function is told when it is deployed. flowsentry.settings reads these variables."""

from collections.abc import Mapping, Sequence

from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from stacks.constructs.parameters import Value, log_group_value, parameter_name
from stacks.constructs.stack import HouseStack
from stacks.ownership.inventory_queue import InventoryQueue
from stacks.settings.deployment import Deployment

MOST_LOG_GROUPS = 10
"""Log groups that messages point to. More: a longer link, and a function's environment holds 4 KB."""
MOST_VPCS = 50
"""VPCs logged to S3 that messages know of, so as not to point to a log group for them. More: the same 4 KB are full.
Fewer: for the others the link leads to where nothing is found, and the Athena query still finds it."""


class Environment:
    """The variables of each function of a stack, which has the `requests` to the inventory. `geo_databases` are
    addresses.
    """

    def __init__(self, stack: HouseStack, requests: InventoryQueue, geo_databases: Sequence[str]) -> None:
        self._stack = stack
        self._deployment = stack.deployment
        self._requests = requests
        self._geo_databases = geo_databases

    def stream_processor(self) -> dict[str, str]:
        return {
            "EVIDENCE_TABLE": self._stack.read(Value.EVIDENCE_TABLE),
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "LOG_FORMATS_PARAMETER": parameter_name(self._deployment, Value.LOG_FORMATS),
            **_given(self._detection()),
            **self._snapshot(),
            **self._suppressions(),
        }

    def _detection(self) -> dict[str, str]:
        deployment = self._deployment
        return {
            "INSIDE_NETWORKS": ",".join(deployment.inside_networks),
            "OWN_PUBLIC_NETWORKS": ",".join(deployment.own_public_networks),
            "TRUSTED_NETWORKS": ",".join(deployment.trusted_networks),
            "IMPORTANT_SERVICES": ",".join(deployment.important_services),
            "PUBLIC_LOGIN_SERVICES": ",".join(deployment.public_login_services),
            "GEO_DATABASES": ",".join(self._geo_databases),
            "THRESHOLDS": deployment.changed_thresholds,
            "OBSERVE_ONLY_UNTIL": str(deployment.observed_only_until or ""),
        }

    def object_processor(self) -> dict[str, str]:
        return {
            "IDEMPOTENCY_TABLE": self._stack.read(Value.IDEMPOTENCY_TABLE),
            "OBJECT_DLQ_URL": self._stack.read(Value.OBJECT_DLQ_URL),
            **self.stream_processor(),
        }

    def inventory(self) -> dict[str, str]:
        return {
            "INVENTORY_DLQ_URL": self._requests.dead_letters.queue_url,
            "INVENTORY_TARGETS_PARAMETER": parameter_name(self._deployment, Value.INVENTORY_TARGETS),
            "INVENTORY_RETENTION_DAYS": str(self._deployment.inventory_retention_days),
            "CLAIMS_KEY": CLAIMS_KEY,
            "INVENTORY_COOLDOWN_SECONDS": str(self._deployment.inventory_cooldown_seconds),
            **self._snapshot(),
        }

    def _snapshot(self) -> dict[str, str]:
        """Where the inventory is, and where to ask for more of it."""
        return {
            "OUTPUT_BUCKET": self._stack.read(Value.OUTPUT_BUCKET),
            "INVENTORY_KEY": INVENTORY_KEY,
            "INVENTORY_QUEUE_URL": self._requests.queue.queue_url,
        }

    def _suppressions(self) -> dict[str, str]:
        """Where suppressions are, and those that they begin with."""
        return {
            "SUPPRESSIONS_KEY": SUPPRESSIONS_KEY,
            "SUPPRESSIONS_PARAMETER": parameter_name(self._deployment, Value.SUPPRESSIONS),
        }

    def notifier(self) -> dict[str, str]:
        deployment = self._deployment
        return {
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "ALERT_TOPIC_ARN": self._stack.read(Value.ALERT_TOPIC_ARN),
            "OUTPUT_BUCKET": self._stack.read(Value.OUTPUT_BUCKET),
            "DIGEST_MINUTES": str(deployment.digest_minutes),
            "MAX_URGENT_AN_HOUR": str(deployment.max_urgent_messages_an_hour),
            "DEPLOYMENT_NAME": deployment.name,
            "ACCOUNT_ID": self._stack.account,
            "ATHENA_TABLE": self._stack.read(Value.ATHENA_TABLE),
            "ATHENA_WORKGROUP": self._stack.read(Value.ATHENA_WORKGROUP),
            **_given(self._channels(deployment)),
            **self._suppressions(),
        }

    def _channels(self, deployment: Deployment) -> dict[str, str]:
        made = [self._stack.read(log_group_value(id_)) for id_ in deployment.log_groups]
        log_groups = [*made, *(each.name for each in deployment.existing_log_groups)]
        return {
            "DIGEST_TOPIC_ARN": self._stack.read(Value.DIGEST_TOPIC_ARN) if deployment.digest_topic else "",
            "CHAT_TOPIC_ARN": self._stack.read(Value.CHAT_TOPIC_ARN) if deployment.chat_topic else "",
            "EVENT_BUS": deployment.event_bus,
            "SECURITY_HUB": "true" if deployment.security_hub else "",
            "LOG_GROUPS": ",".join(log_groups[:MOST_LOG_GROUPS]),
            "VPCS_IN_S3": ",".join(deployment.vpcs_in_s3[:MOST_VPCS]) if log_groups else "",
        }


def _given(variables: Mapping[str, str]) -> dict[str, str]:
    """Those that say something: what is empty is as by default."""
    return {name: value for name, value in variables.items() if value}
