"""Custom resources: the function is told of creation and deletion."""

import json

from local.aws.deployment.assembly import put_stack
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory

TOPIC = {"Type": "AWS::SNS::Topic"}
ANSWER = """
import json, urllib.request
keys = ("StackId", "RequestId", "LogicalResourceId")
body = {"Status": "SUCCESS", "PhysicalResourceId": "x", **{key: event[key] for key in keys}}
request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT")
urllib.request.urlopen(request, timeout=10)
"""


def test_the_function_of_a_custom_resource_is_told_of_its_creation_and_deletion(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    made = function(ANSWER)
    custom = {"Type": "Custom::Thing", "Properties": {"ServiceToken": made.arn, "Word": "yes"}}
    before = len(aws.failures())
    put_stack(aws, "custom", json.dumps({"Resources": {"Topic": TOPIC, "Thing": custom}}))
    aws.wait_until_quiet(30)
    aws.client("cloudformation").delete_stack(StackName="custom")
    aws.wait_until_quiet(30)
    requests = {each["RequestType"]: each["ResourceProperties"]["Word"] for each in made.events}
    assert requests == {"Create": "yes", "Delete": "yes"}
    assert aws.failures()[before:] == []
