"""Wrong settings, and how the one sentence that refuses each begins: the key, the value, and what is allowed."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.settings.deployment import Deployment
from stacks.settings.reading import SettingsError
from tests.stacks.conftest import INTERFACE, OTHER_VPC, SUBNET, VPC

GATEWAY = "tgw-0123456789abcdef0"
LOGS, S3 = {"vpc_ids": [VPC], "destination": "cloudwatch"}, {"vpc_ids": [VPC], "destination": "s3"}
Settings = Mapping[str, Any]
WRONG: tuple[tuple[Settings, str], ...] = (
    (
        {"sources": []},
        ": sources, existing_log_groups and existing_buckets are []; allowed: lists of which at least one is not",
    ),
    ({"sources": [{"vpc_ids": [VPC]}]}, "sources[0].destination is missing; allowed: one of cloudwatch, s3"),
    (
        {"sources": [{"vpc_ids": [VPC], "destination": "firehose"}]},
        'sources[0].destination is "firehose"; allowed: one of cloudwatch, s3',
    ),
    (
        {"sources": [{"destination": "s3"}]},
        "sources[0]: no resource is named; allowed: at least one in vpc_ids, subnet_ids, network_interface_ids,",
    ),
    (
        {"sources": [{**LOGS, "vpc_ids": ["vpc-xyz"]}]},
        'sources[0].vpc_ids[0] is "vpc-xyz"; allowed: a VPC ID such as vpc-0123456789abcdef0',
    ),
    (
        {"sources": [{**LOGS, "subnet_ids": [INTERFACE]}]},
        'sources[0].subnet_ids[0] is "eni-0123456789abcdef0"; allowed: a subnet ID such as subnet-0123456789abcdef0',
    ),
    ({"sources": [LOGS, S3]}, "sources: vpc-0123456789abcdef0 is named 2 times; allowed: once"),
    (
        {"sources": [{**LOGS, "subnet_ids": [SUBNET], "inside": [VPC]}]},
        "sources: subnet-0123456789abcdef0 is inside vpc-0123456789abcdef0, which has a flow log too; allowed: one",
    ),
    (
        {"sources": [{**LOGS, "log_format": "${version} ${tgw-id}"}]},
        "sources[0]: log_format has ${tgw-id}; allowed: fields that flow logs of VPCs, subnets and interfaces have",
    ),
    (
        {"sources": [{**LOGS, "vpc_ids": [], "log_format": "${version} ${srcaddr}", "transit_gateway_ids": [GATEWAY]}]},
        "sources[0]: log_format has no field of version 6; allowed: at least one, such as ${tgw-id}, because",
    ),
    (
        {"sources": [{**LOGS, "log_format": "${instance-tag} ${srcaddr}"}]},
        "sources[0]: log_format has ${instance-tag}; allowed: fields that need no tag keys on the flow log",
    ),
    (
        {"sources": [{**LOGS, "log_format": "${bytes} ${pkt-srcaddr}"}]},
        "sources[0]: log_format has neither ${dstaddr} nor ${pkt-dstaddr}; allowed: formats with one of them, because",
    ),
    (
        {"sources": [{**LOGS, "log_format": "version srcaddr"}]},
        'sources[0].log_format is "version srcaddr"; allowed: default, v3, v4, v5, v7, v8, v9, v10, v11 or fields',
    ),
    (
        {"sources": [{**LOGS, "vpc_ids": [], "transit_gateway_ids": [GATEWAY], "traffic_type": "REJECT"}]},
        'sources[0]: traffic_type is "REJECT" and max_aggregation_seconds is 60; allowed with transit gateways:',
    ),
    (
        {"sources": [{**LOGS, "max_aggregation_seconds": 300}]},
        "sources[0].max_aggregation_seconds is 300; allowed: one of 60, 600",
    ),
    (
        {"sources": [{**LOGS, "file_format": "parquet"}]},
        'sources[0]: file_format is "parquet" and needs destination "s3"; destination is "cloudwatch"',
    ),
    (
        {"sources": [{**LOGS, "hive_partitions": True}]},
        'sources[0]: hive_partitions and hourly_partitions need destination "s3"; destination is "cloudwatch"',
    ),
    (
        {"sources": [{**S3, "kinesis": True}]},
        'sources[0]: kinesis is true and needs destination "cloudwatch"; destination is "s3"',
    ),
    (
        {"sources": [{**LOGS, "retention_days": 31}]},
        "sources[0]: retention_days is 31; allowed in a log group: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150,",
    ),
    (
        {"sources": [{**LOGS, "log_class": "INFREQUENT_ACCESS"}]},
        'sources[0].log_class is "INFREQUENT_ACCESS"; allowed: one of STANDARD (other classes have no subscription',
    ),
    (
        {"sources": [{**LOGS, "storage_transitions": [{"storage_class": "GLACIER", "after_days": 30}]}]},
        'sources[0]: storage_transitions need destination "s3"; destination is "cloudwatch"',
    ),
    (
        {
            "sources": [
                {
                    **S3,
                    "storage_transitions": [{"storage_class": "STANDARD_IA", "after_days": 29}],
                    "retention_days": 90,
                }
            ]
        },
        "sources[0]: storage_transitions has STANDARD_IA after_days 29; allowed: at least 30",
    ),
    (
        {
            "sources": [
                {**S3, "storage_transitions": [{"storage_class": "GLACIER", "after_days": 90}], "retention_days": 90}
            ]
        },
        "sources[0]: storage_transitions has GLACIER after_days 90; allowed: fewer than the 90 days after which",
    ),
    (
        {
            "sources": [
                {
                    **S3,
                    "storage_transitions": [
                        {"storage_class": "GLACIER", "after_days": 30},
                        {"storage_class": "STANDARD_IA", "after_days": 60},
                    ],
                    "retention_days": 90,
                }
            ]
        },
        "sources[0]: storage_transitions has STANDARD_IA after GLACIER; allowed: classes in this order:",
    ),
    (
        {"sources": [{**LOGS, "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:alias/mine"}]},
        'sources[0].kms_key_arn is "arn:aws:kms:us-east-1:123456789012:alias/mine"; allowed: the ARN of a KMS key,',
    ),
    (
        {"sources": [{**LOGS, "tags": {"aws:team": "x"}}]},
        'sources[0].tags is {"aws:team": "x"}; allowed: an object with values that are text (a key does',
    ),
    (
        {"sources": [{**S3, "retention_days": 30}, {**S3, "vpc_ids": [OTHER_VPC], "retention_days": 60}]},
        "sources[0] and [1] share a key prefix and have different retention_days; allowed: the same, or another",
    ),
    (
        {"sources": [{**S3, "all_vpcs": True}]},
        "sources[0]: all_vpcs is true and resources are named; allowed: a source of its own for all_vpcs",
    ),
    (
        {"sources": [{**S3, "except_tags": ["a=b"]}]},
        "sources[0]: except_vpc_ids and except_tags need all_vpcs; all_vpcs is false",
    ),
    (
        {"sources": [{"all_vpcs": True, "destination": "s3"}, {"all_vpcs": True, "destination": "cloudwatch"}]},
        "sources: all_vpcs is true in 2 sources; allowed: in one",
    ),
    (
        {"existing_log_groups": [{"name": "arn:aws:logs:us-east-1:123456789012:log-group:a"}]},
        'existing_log_groups[0].name is "arn:aws:logs:us-east-1:123456789012:log-group:a"; allowed: the name of a',
    ),
    (
        {"existing_log_groups": [{"name": "flowsentry-flow-logs-LogGroup1"}]},
        ": existing_log_groups names flowsentry-flow-logs-LogGroup1, which this app created; allowed: resources of",
    ),
    (
        {"existing_log_groups": [{"name": "/a"}, {"name": "/a"}]},
        "existing_log_groups: /a is named 2 times; allowed: once",
    ),
    (
        {"existing_buckets": [{"name": "My_Bucket"}]},
        'existing_buckets[0].name is "My_Bucket"; allowed: the name of a bucket such as my-flow-logs',
    ),
    (
        {"existing_buckets": [{"name": "my-bucket", "prefix": "/logs"}]},
        'existing_buckets[0].prefix is "/logs"; allowed: the beginning of keys without a / first, spaces, and * ?',
    ),
    (
        {"organization_id": "r-1234"},
        'organization_id is "r-1234"; allowed: the ID of an organization such as o-exampleorgid',
    ),
    ({"member_account_ids": ["1234"]}, 'member_account_ids[0] is "1234"; allowed: an account ID such as 123456789012'),
    (
        {"name": "Flow Sentry"},
        'name is "Flow Sentry"; allowed: at most 30 lowercase letters, digits and hyphens, a letter first',
    ),
    ({"alert_emails": ["me"]}, 'alert_emails[0] is "me"; allowed: an e-mail address such as team@example.com'),
    (
        {"alert_emails": ["a@b.c"], "digest_emails": ["a@b.c"]},
        ": a@b.c is in alert_emails and digest_emails; allowed: in one of them, because alert_emails get digests",
    ),
    (
        {"slack_channels": [{"workspace_id": "T1", "channel_id": "C1", "name": "s"}]},
        ": slack_channels are given and chat_topic is false; allowed: chat_topic true",
    ),
    ({"digest_minutes": 0}, "digest_minutes is 0; allowed: a whole number from 1 to 1440"),
    ({"digest_minuets": 5}, "digest_minuets is 5, but there is no such setting; did you mean digest_minutes?"),
    ({"observe_only_until": "soon"}, 'observe_only_until is "soon"; allowed: a day such as 2026-12-31'),
    (
        {"inside_networks": ["10.0.0.1/8"]},
        'inside_networks[0] is "10.0.0.1/8"; allowed: a CIDR block without host bits such as 10.0.0.0/8',
    ),
    (
        {"public_login_services": ["git-1:80"]},
        'public_login_services[0] is "git-1:80"; allowed: an address, a network without host bits, or the id, name',
    ),
    (
        {"thresholds": {"scan": {"min_endpoints": 1}}},
        "thresholds.scan.min_endpoints is 1; allowed: a whole number from 5 to 60",
    ),
    (
        {"suppressions": [{"owners": ["x"]}]},
        "suppressions[0].reason is missing; allowed: 1 to 200 printable characters",
    ),
    (
        {"log_retention_days": 31},
        "log_retention_days is 31; allowed: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,",
    ),
    ({"python": "2.7"}, 'python is "2.7"; allowed: one of 3.11, 3.12, 3.13, 3.14'),
    ({"architecture": "arm"}, 'architecture is "arm"; allowed: one of arm64, x86_64'),
    (
        {"stream_processor": {"timeout_seconds": 61}},
        "stream_processor.timeout_seconds is 61; allowed: a whole number from 30 to 60",
    ),
    (
        {"payload_stream": {"window_seconds": 301}},
        "payload_stream.window_seconds is 301; allowed: a whole number from 1 to 300",
    ),
    (
        {"payload_stream": {"batch_payloads": 10_001}},
        "payload_stream.batch_payloads is 10001; allowed: a whole number from 1 to 10000",
    ),
    (
        {"payload_stream": {"batches_at_once": 11}},
        "payload_stream.batches_at_once is 11; allowed: a whole number from 1 to 10",
    ),
    (
        {"object_processor": {"max_concurrency": 1}},
        "object_processor.max_concurrency is 1; allowed: a whole number from 2 to 1000",
    ),
    (
        {"stream_processor": {"reserved_concurrency": 20}, "lambda_concurrency": 10},
        ": stream_processor.reserved_concurrency is 20; allowed: at most 0, because lambda_concurrency is 10 and",
    ),
    (
        {"inventory_targets": [{"role_arn": "arn:aws:iam::222222222222:user/x"}]},
        'inventory_targets[0].role_arn is "arn:aws:iam::222222222222:user/x"; allowed: the ARN of a role such as',
    ),
    (
        {"geo_databases": ["cities.csv"]},
        'geo_databases[0] is "cities.csv"; allowed: the path of an .mmdb file or the address of an .mmdb object',
    ),
    (
        {
            "customer_key": True,
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
        },
        ": customer_key is true and kms_key_arn is given; allowed: one of them",
    ),
    (
        {"metric_filters": [{"name": "ssh"}]},
        "metric_filters[0]: ssh has neither a port nor an action; allowed: a filter with one of them",
    ),
    (
        {"metric_filters": [{"name": "ssh", "port": 22}, {"name": "ssh", "port": 2222}]},
        "metric_filters: ssh is named 2 times; allowed: once",
    ),
    (
        {"metric_filters": [{"name": 'a" || b', "port": 22}]},
        'metric_filters[0].name is "a\\" || b"; allowed: at most 40 lowercase letters, digits and hyphens,',
    ),
    (
        {"metric_filters": [{"name": "ssh", "port": 65536}]},
        "metric_filters[0].port is 65536; allowed: a whole number from 1 to 65535",
    ),
    (
        {"metric_filters": [{"name": f"port-{port}", "port": port} for port in range(1, 82)]},
        ": 81 metric_filters make 81 with the log groups of all formats; allowed: 80. Give fewer, or read some",
    ),
    (
        {"query_excluded_networks": ['10.0.0.0/8") or true #']},
        'query_excluded_networks[0] is "10.0.0.0/8\\") or true #"; allowed: a CIDR block without host bits',
    ),
    (
        {"permissions_boundary": "boundary"},
        'permissions_boundary is "boundary"; allowed: the ARN of a managed policy such as',
    ),
    (
        {"role_path": "flowsentry"},
        'role_path is "flowsentry"; allowed: / or one or two names of at most 50 characters, with / before,',
    ),
    (
        {"tags": {"application": "x"}},
        'tags is {"application": "x"}; allowed: an object with values that are text (a key does not begin with aws:',
    ),
)


@pytest.mark.parametrize(("settings", "sentence"), WRONG, ids=[sentence.partition(";")[0] for _, sentence in WRONG])
def test_a_wrong_setting_is_refused_with_one_sentence(settings: Settings, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({"flowsentry": {"sources": [LOGS], **settings}})
    (problem,) = refused.value.problems
    assert problem.removeprefix("flowsentry").removeprefix(".").startswith(sentence)
