"""The IAM policy with which an inventory can be read from an account: read-only calls alone."""

import json

from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS

OF_FUNCTION_ONLY = "ec2:DescribeInstances"
"""Only the deployed function asks for it, to judge flow logs without records."""


def policy() -> str:
    """The policy as JSON. The caller's identity may be asked without a permission."""
    listing = sorted(set(DESCRIBE_ACTIONS) - {OF_FUNCTION_ONLY})
    statements = [
        {"Effect": "Allow", "Action": listing, "Resource": "*"},
        {"Effect": "Allow", "Action": VPC_LINKS, "Resource": "arn:aws:apigateway:*::/vpclinks"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
