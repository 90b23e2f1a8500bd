"""ECS tasks as owners of network interfaces, named after their service or task family."""

from collections.abc import Iterator

from flowsentry.aws.inventory.pages import Call, Described, Pages
from flowsentry.inventory.owner_kinds import Owner, bounded
from flowsentry.inventory.reported_owners import KnownOwners

TASKS_A_CALL = 100
"""Limit of DescribeTasks."""
CLUSTERS = Call("ecs", "list_clusters", "clusterArns")
TASK_ARNS = Call("ecs", "list_tasks", "taskArns")
TASKS = Call(
    "ecs",
    "describe_tasks",
    "tasks[].{id: taskArn, group: group, definition: taskDefinitionArn, cluster: clusterArn, "
    "interfaces: attachments[].details[?name=='networkInterfaceId'][].value}",
)
CALLS = (CLUSTERS, TASK_ARNS, TASKS)


def name_ecs_tasks(pages: Pages, known: KnownOwners) -> None:
    """Adds the owners of the interfaces of all tasks (awsvpc mode). In bridge and host mode the interface belongs to
    the container instance.
    """
    for cluster in pages.rows(CLUSTERS):
        for arns in _hundreds(pages.rows(TASK_ARNS, cluster=cluster)):
            for task in pages.rows(TASKS, cluster=cluster, tasks=arns):
                owner = Owner("ecs task", bounded(task["id"]), bounded(_name(task)))
                known.add_interfaces(task["interfaces"] or (), owner)


def _hundreds(arns: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for arn in arns:
        batch.append(arn)
        if len(batch) == TASKS_A_CALL:
            yield batch
            batch = []
    if batch:
        yield batch


def _name(task: Described) -> str:
    """The service's name; for a task without a service, its family and cluster."""
    group, _, name = (task.get("group") or "").partition(":")
    if group == "service" and name:
        return str(name)
    family = (task.get("definition") or "").rpartition("/")[2].rpartition(":")[0]
    cluster = (task.get("cluster") or "").rpartition("/")[2]
    return "/".join(part for part in (family, cluster) if part) or str(task["id"])
