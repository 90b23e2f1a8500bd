"""Checks of clusters, of the inventory's network, and of those who get alerts."""

import math
from collections.abc import Iterator

from flowsentry.aws.notifications.pause import MAX_PAUSE_SECONDS
from flowsentry.emit.plain_text import moment
from local.doctor.account_state import AccountState, Cluster
from local.doctor.needs import of_function
from local.doctor.verdicts import Verdict, ok, stop, warning
from stacks.settings.alerts import GIVE_EMAILS
from stacks.settings.deployment import Deployment
from stacks.settings.kubernetes import KubernetesCluster

WITH_ACCESS_ENTRIES = ("API", "API_AND_CONFIG_MAP")
"""https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"""


def clusters(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """EKS clusters of this Region: active, and with access entries where the app makes one."""
    if account.clusters is None:
        return
    for each in deployment.kubernetes_clusters:
        if each.region not in ("", account.region):
            yield warning(
                f"cluster {each.id}", "is in another Region and was not looked at", "Create its access entry yourself."
            )
        elif (known := account.clusters.get(each.id)) is None:
            yield stop(f"cluster {each.id}", f"does not exist in {account.region}", "Correct kubernetes_clusters.")
        else:
            yield _cluster(each, known, deployment)


def _cluster(given: KubernetesCluster, known: Cluster, deployment: Deployment) -> Verdict:
    about = f"cluster {given.id}"
    if given.access_entry and known.authentication_mode not in WITH_ACCESS_ENTRIES:
        return stop(
            about,
            f"has the authentication mode {known.authentication_mode}, which takes no access entry",
            "Change it to API_AND_CONFIG_MAP, or set access_entry to false and map the role yourself.",
        )
    if not known.is_public and deployment.inventory_network is None:
        return warning(
            about,
            "has a private endpoint, which no function reaches: no pod is named",
            "Set inventory_network.",
        )
    if known.status != "ACTIVE":
        return warning(about, f"is {known.status}", "Wait until it is ACTIVE: until then no pod is named.")
    return ok(about, f"is active, with authentication mode {known.authentication_mode}")


def network_of_function(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Subnets and security groups of the inventory function: they exist, in one VPC."""
    if account.resources is None:
        return
    ids = of_function(deployment)
    known = {id_: account.resources[id_] for id_ in ids if id_ in account.resources}
    for id_ in ids:
        if id_ not in known:
            yield stop(id_, f"does not exist in {account.region}", "Correct inventory_network.")
    vpcs = {vpc for each in known.values() for vpc in each.inside if vpc.startswith("vpc-")}
    if len(vpcs) > 1:
        finding = f"its subnets and security groups are in {len(vpcs)} VPCs: {', '.join(sorted(vpcs))}"
        yield stop("inventory_network", finding, "Name those of one VPC.")
    elif ids and len(known) == len(ids):
        yield ok("inventory_network", f"exists, in {', '.join(vpcs)}")


def channels(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Who will get alerts, by the settings."""
    if missed := deployment.missed_without_emails:
        yield warning("alert_emails", missed, GIVE_EMAILS)
    else:
        yield ok("alert_emails", ", ".join(deployment.alert_emails))
    bus = deployment.event_bus
    if bus and not bus.startswith("arn:") and account.event_buses is not None and bus not in account.event_buses:
        yield stop("event_bus", f"there is no event bus {bus}", "Create it, or correct event_bus.")
    if deployment.security_hub and account.has_security_hub is False:
        yield stop("security_hub", "Security Hub is not enabled here", "Enable it, or set security_hub to false.")


def stream_shards(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The shards of the data stream: a deployment can double or halve them at most, and the deploy fails otherwise. A
    stream on demand keeps its shards when it gets a number of them.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    """
    known, wanted, about = account.stream_shards, deployment.payload_stream.shards, "payload_stream.shards"
    if not known or not wanted:
        return
    least, most = math.ceil(known / 2), 2 * known
    if least <= wanted <= most:
        yield ok(about, f"{wanted}; the data stream has {known}")
    else:
        finding = (
            f"the data stream has {known} shards, and becomes {wanted}; a deployment can make them {least} to {most}"
        )
        yield stop(about, finding, f"Set payload_stream.shards to {least if wanted < least else most} first.")


def deployed(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """What the deployment that exists says: a pause, and subscriptions that nobody confirmed."""
    known = account.deployed
    if known is None:
        return
    if account.asked_at < known.paused_until <= account.asked_at + MAX_PAUSE_SECONDS:
        yield warning(
            "alerts",
            f"are paused until {moment(known.paused_until)} by {known.paused_by or 'somebody'}",
            f"flowsentry resume --deployment {deployment.name} sends them now.",
        )
    for each in known.not_confirmed:
        yield warning(each, "has not confirmed its subscription and gets nothing", "Confirm it in the e-mail of SNS.")
    for topic in known.topics_without_subscription:
        yield warning(topic, "has no confirmed subscription: nobody gets what is sent to it", "Subscribe somebody.")
    if not (known.not_confirmed or known.topics_without_subscription):
        yield ok("subscriptions", "each topic has one, and all are confirmed")
