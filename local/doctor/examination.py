"""All checks, in the order in which they are printed."""

from collections.abc import Callable, Iterator

from local.doctor import account_checks, destination_checks, flow_log_checks, key_checks, service_checks
from local.doctor.account_state import AccountState
from local.doctor.verdicts import Verdict
from local.doctor.way_in.check import way_in
from stacks.settings.deployment import Deployment

Check = Callable[[Deployment, AccountState], Iterator[Verdict]]
CHECKS: tuple[Check, ...] = (
    account_checks.caller,
    account_checks.bootstrap,
    account_checks.boundary,
    account_checks.role_names,
    account_checks.concurrency,
    flow_log_checks.resources,
    flow_log_checks.quotas,
    flow_log_checks.counted_twice,
    flow_log_checks.inside_all_vpcs,
    flow_log_checks.read_twice,
    destination_checks.log_groups,
    destination_checks.buckets,
    key_checks.keys,
    service_checks.clusters,
    service_checks.network_of_function,
    service_checks.channels,
    service_checks.stream_shards,
    service_checks.deployed,
    way_in,
    account_checks.unasked,
)


def examined(deployment: Deployment, account: AccountState) -> list[Verdict]:
    """The verdicts of all checks on these settings in this account."""
    return [verdict for check in CHECKS for verdict in check(deployment, account)]
