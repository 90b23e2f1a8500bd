"""Lambda: layers, changes, log groups and the environment of a function."""

import base64
from uuid import uuid4

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Maker, zipped

IMPORTS_THE_LAYER = "import layered\nreturn layered.VALUE"


def layer(aws: EmbeddedAws, value: str) -> str:
    content = {"ZipFile": zipped({"python/layered.py": f"VALUE = {value!r}"})}
    name = f"layer-{uuid4().hex[:8]}"
    return str(aws.client("lambda").publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"])


def test_a_layer_can_be_imported(aws: EmbeddedAws, function: Maker) -> None:
    assert function(IMPORTS_THE_LAYER, Layers=[layer(aws, "from the layer")]).answer() == "from the layer"


def test_the_last_layer_wins_as_on_lambda(aws: EmbeddedAws, function: Maker) -> None:
    assert function(IMPORTS_THE_LAYER, Layers=[layer(aws, "first"), layer(aws, "last")]).answer() == "last"


def test_a_changed_function_gets_a_new_environment(aws: EmbeddedAws, function: Maker) -> None:
    changed = function("import os\nreturn [tries, os.environ.get('WORD')]")
    changed.answer()
    aws.client("lambda").update_function_configuration(
        FunctionName=changed.name, Environment={"Variables": {"WORD": "new"}}
    )
    assert changed.answer() == [1, "new"]


def test_a_function_is_told_where_this_aws_is(aws: EmbeddedAws, function: Maker) -> None:
    told = function("import os\nreturn os.environ['AWS_ENDPOINT_URL']")
    assert told.answer() == aws.endpoint_url


def test_the_tail_of_the_log_comes_with_the_answer(function: Maker) -> None:
    told = function("print('a line'); return 1").invoke({}, LogType="Tail")
    assert "a line" in base64.b64decode(told["LogResult"]).decode()


def test_invocations_and_errors_are_counted_in_cloudwatch(aws: EmbeddedAws, function: Maker) -> None:
    fails = function("raise ValueError")
    fails.answer()
    metrics = aws.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": fails.name}]
    )["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {"Invocations", "Errors", "Duration"}
