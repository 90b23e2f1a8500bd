"""CloudWatch: models of anomaly detection, which moto does not have. They are listed, and learn nothing."""

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from local.aws.deployment.cloudformation import ResourceType
from local.aws.moto_patches import adds

_models: dict[tuple[str, str], Mapping[str, Any]] = {}
"""By Region and what they are of."""
OF = "SingleMetricAnomalyDetector"


def forget() -> None:
    """Deletes all models."""
    _models.clear()


@adds(CloudWatchResponse, "put_anomaly_detector")
def put_anomaly_detector(response: Any) -> EmptyResult:
    """Moto does not support the action."""
    model = _wanted(response)
    _models[response.region, json.dumps(model, sort_keys=True)] = model
    return EmptyResult()


@adds(CloudWatchResponse, "delete_anomaly_detector")
def delete_anomaly_detector(response: Any) -> EmptyResult:
    """Moto does not support the action."""
    _models.pop((response.region, json.dumps(_wanted(response), sort_keys=True)), None)
    return EmptyResult()


@adds(CloudWatchResponse, "describe_anomaly_detectors")
def describe_anomaly_detectors(response: Any) -> ActionResult:
    """Moto does not support the action. All models of the Region are returned, whatever is asked for."""
    models = [{OF: model} for (region, _), model in _models.items() if region == response.region]
    return ActionResult({"AnomalyDetectors": models})


def _wanted(response: Any) -> Mapping[str, Any]:
    given: Mapping[str, Any] = response._get_param(OF)  # noqa: SLF001 as moto does
    return given


class AnomalyDetector(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::CloudWatch::AnomalyDetector"

    def create(self) -> str:
        self.client("cloudwatch").put_anomaly_detector(**{OF: self.properties[OF]})
        return self.name

    def delete(self) -> None:
        self.client("cloudwatch").delete_anomaly_detector(**{OF: self.properties[OF]})
