"""Lambda: layers, updates, log tails, metrics and environment variables of functions."""

import base64
from uuid import uuid4

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory, zipped

IMPORTS_THE_LAYER = "import layered\nreturn layered.VALUE"


def layer(aws: EmbeddedAws, value: str) -> str:
    content = {"ZipFile": zipped({"python/layered.py": f"VALUE = {value!r}"})}
    name = f"layer-{uuid4().hex[:8]}"
    return str(aws.client("lambda").publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"])


def test_a_layer_can_be_imported(aws: EmbeddedAws, function: FunctionFactory) -> None:
    assert function(IMPORTS_THE_LAYER, Layers=[layer(aws, "from the layer")]).answer() == "from the layer"


def test_a_module_in_two_layers_comes_from_the_last_one(aws: EmbeddedAws, function: FunctionFactory) -> None:
    assert function(IMPORTS_THE_LAYER, Layers=[layer(aws, "first"), layer(aws, "last")]).answer() == "last"


def test_an_updated_function_gets_a_new_environment(aws: EmbeddedAws, function: FunctionFactory) -> None:
    changed = function("import os\nreturn [attempts, os.environ.get('WORD')]")
    changed.answer()
    aws.client("lambda").update_function_configuration(
        FunctionName=changed.name, Environment={"Variables": {"WORD": "new"}}
    )
    assert changed.answer() == [1, "new"]


def test_a_function_has_the_endpoint_of_the_embedded_aws(aws: EmbeddedAws, function: FunctionFactory) -> None:
    reads = function("import os\nreturn os.environ['AWS_ENDPOINT_URL']")
    assert reads.answer() == aws.endpoint_url


def test_an_invocation_with_log_type_tail_returns_the_log(function: FunctionFactory) -> None:
    response = function("print('a line'); return 1").invoke({}, LogType="Tail")
    assert "a line" in base64.b64decode(response["LogResult"]).decode()


def test_an_invocation_creates_lambdas_metrics(aws: EmbeddedAws, function: FunctionFactory) -> None:
    fails = function("raise ValueError")
    fails.answer()
    metrics = aws.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": fails.name}]
    )["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {"Invocations", "Errors", "Duration"}
