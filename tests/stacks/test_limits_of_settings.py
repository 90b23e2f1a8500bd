"""Settings that AWS, a function's environment or a construct would refuse later are refused with their key."""

import json
from typing import Any

import pytest

from stacks.settings.detection import MAX_NETWORKS, MAX_SERVICES
from tests.stacks.test_deployment import SOURCE, VPC, read, refusal

NETWORK = {"subnet_ids": ["subnet-12345678"], "security_group_ids": ["sg-12345678"]}
MANY_NETWORKS = [f"10.{number // 256}.{number % 256}.0/24" for number in range(MAX_NETWORKS + 1)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alert_emails": ["a@b.c", "a@b.c"]}, "flowsentry.alert_emails: a@b.c is named 2 times; allowed: once"),
        ({"digest_emails": ["a@b.c"] * 3}, "flowsentry.digest_emails: a@b.c is named 3 times; allowed: once"),
        ({"geo_databases": ["s3://databases/a.mmdb"] * 2}, "geo_databases: s3://databases/a.mmdb is named 2 times"),
        ({"inventory_regions": ["eu-west-1"] * 2}, "inventory_regions: eu-west-1 is named 2 times; allowed: once"),
        ({"sources": [{**SOURCE, "vpc_ids": [VPC, VPC]}]}, f"flowsentry.sources: {VPC} is named 2 times"),
        (
            {"inventory_network": {**NETWORK, "subnet_ids": ["subnet-12345678"] * 2}},
            "inventory_network.subnet_ids: subnet-12345678 is named 2 times; allowed: once",
        ),
        (
            {"kubernetes_clusters": [{"name": "shop", "kubernetes_groups": ["watch", "watch"]}]},
            "kubernetes_clusters[0].kubernetes_groups: watch is named 2 times; allowed: once",
        ),
    ],
)
def test_a_name_that_is_given_twice_is_refused(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)


@pytest.mark.parametrize("day", ["1970-01-01", "1969-12-31", "0001-01-01"])
def test_a_day_without_a_unix_second_above_zero_is_refused(day: str) -> None:
    words = f'flowsentry.observe_only_until is "{day}"; allowed: a day such as 2026-12-31 (from 1970-01-02 on)'
    assert words in refusal({"observe_only_until": day})


@pytest.mark.parametrize("text", ["1798761600", "0", "20261201", "2026-12-01T00:00:00"])
def test_text_in_another_form_than_a_day_is_refused(text: str) -> None:
    words = f'flowsentry.observe_only_until is "{text}"; allowed: a day such as 2026-12-31'
    assert words in refusal({"observe_only_until": text})


def test_the_first_day_with_a_unix_second_above_zero_is_accepted() -> None:
    assert read({"observe_only_until": "1970-01-02"}).observed_only_until == 86_400


@pytest.mark.parametrize("key", ["inside_networks", "own_public_networks", "trusted_networks"])
def test_as_many_networks_as_allowed_are_accepted_and_one_more_is_refused(key: str) -> None:
    assert len(getattr(read({key: MANY_NETWORKS[:-1]}), key)) == MAX_NETWORKS
    message = refusal({key: MANY_NETWORKS})
    assert f"flowsentry.{key} is [" in message
    assert "allowed: a list of 0 to 1000 items, each item a CIDR block without host bits" in message


@pytest.mark.parametrize("key", ["important_services", "public_login_services"])
def test_as_many_services_as_allowed_are_accepted_and_one_more_is_refused(key: str) -> None:
    services = [f"orders-{number}:22" for number in range(MAX_SERVICES + 1)]
    assert len(getattr(read({key: services[:-1]}), key)) == MAX_SERVICES
    message = refusal({key: services})
    assert f"flowsentry.{key} is [" in message
    assert "allowed: a list of 0 to 5000 items, each item an address, a network without host bits" in message


@pytest.mark.parametrize(
    "network", ["10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fe80::%eth0/64", "10.0.0.0", "10.0.0.0/33", "::/٣"]
)
def test_only_the_notation_of_cidr_blocks_is_accepted(network: str) -> None:
    words = f"flowsentry.inside_networks[0] is {json.dumps(network)}; allowed: a CIDR block without host bits"
    assert words in refusal({"inside_networks": [network]})


@pytest.mark.parametrize("network", ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"])
def test_a_cidr_block_is_accepted(network: str) -> None:
    assert read({"inside_networks": [network]}).inside_networks == (network,)


@pytest.mark.parametrize(
    "email",
    [
        *("me", "a@b", "a@b..c", "a b@c.d", "a\u0000@b.c", "a\u202e@b.c", "ä@b.c", "a@-b.c"),
        *("a" * 65 + "@b.c", "a" * 5_000 + "@b.c", f"a@{'b.' * 150}c", f"a@{'b' * 64}.c"),
    ],
)
def test_an_address_that_no_e_mail_reaches_is_refused(email: str) -> None:
    assert refusal({"alert_emails": [email]}).endswith("; allowed: an e-mail address such as team@example.com")


@pytest.mark.parametrize("email", ["first.last+tag@example.com", "o'neil@sub.example.co.uk", "a@xn--bcher-kva.example"])
def test_an_e_mail_address_is_accepted(email: str) -> None:
    assert read({"alert_emails": [email]}).alert_emails == (email,)


@pytest.mark.parametrize("name", ["a..b", "10.0.0.1", "xn--logs", "sthree-logs", "logs-s3alias", "logs--x-s3", "Logs"])
def test_the_name_of_a_bucket_that_s3_would_refuse_is_refused(name: str) -> None:
    assert f'existing_buckets[0].name is "{name}"; allowed: the name of a bucket' in refusal(
        {"existing_buckets": [{"name": name}]}
    )
    assert "geo_databases[0] is" in refusal({"geo_databases": [f"s3://{name}/a.mmdb"]})


@pytest.mark.parametrize("prefix", ["a\u0000b", "\u0001", "logs\u007f", "logs/\u202e"])
def test_a_prefix_with_invisible_characters_is_refused(prefix: str) -> None:
    words = f"existing_buckets[0].prefix is {json.dumps(prefix)}; allowed: the beginning of keys"
    assert words in refusal({"existing_buckets": [{"name": "my-flow-logs", "prefix": prefix}]})


@pytest.mark.parametrize("path", ["a" * 900 + ".mmdb", "a" * 5_000 + ".mmdb", "a\u0000.mmdb"])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    message = refusal({"geo_databases": [path]})
    assert "flowsentry.geo_databases" in message
    assert len(message) < 600
