"""What each function is told when it is deployed. flowsentry.settings reads these variables."""

from stacks.house_stack import HouseStack
from stacks.parameters import Value, parameter_name
from stacks.state_stack import INVENTORY_KEY


class Environment:
    """The variables of each function of a stack."""

    def __init__(self, stack: HouseStack) -> None:
        self._stack = stack
        self._deployment = stack.deployment

    def stream_processor(self) -> dict[str, str]:
        inside = self._deployment.inside_networks
        return {
            "EVIDENCE_TABLE": self._stack.read(Value.EVIDENCE_TABLE),
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "LOG_FORMATS_PARAMETER": parameter_name(self._deployment, Value.LOG_FORMATS),
            **({"INSIDE_NETWORKS": ",".join(inside)} if inside else {}),
            **self.inventory(),
        }

    def object_processor(self) -> dict[str, str]:
        return {
            "IDEMPOTENCY_TABLE": self._stack.read(Value.IDEMPOTENCY_TABLE),
            "NOTICE_DLQ_URL": self._stack.read(Value.NOTICE_DLQ_URL),
            **self.stream_processor(),
        }

    def inventory(self) -> dict[str, str]:
        return {"OUTPUT_BUCKET": self._stack.read(Value.OUTPUT_BUCKET), "INVENTORY_KEY": INVENTORY_KEY}

    def notifier(self) -> dict[str, str]:
        return {
            "FINDINGS_TABLE": self._stack.read(Value.FINDINGS_TABLE),
            "ALERT_TOPIC_ARN": self._stack.read(Value.ALERT_TOPIC_ARN),
            "DIGEST_MINUTES": str(self._deployment.digest_minutes),
        }
