"""The construct that creates the dashboards."""

from collections.abc import Collection

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.monitoring.dashboards.body import body_of
from stacks.monitoring.dashboards.catalogue import dashboards
from stacks.monitoring.dashboards.watched import Watched


class Dashboards(Construct):
    """Creates the dashboards with these names, as <deployment>-<name>."""

    def __init__(self, scope: Construct, id_: str, *, watched: Watched, names: Collection[str]) -> None:
        super().__init__(scope, id_)
        for each in (each for each in dashboards(watched) if each.name in names):
            cloudwatch.CfnDashboard(
                self,
                each.name,
                dashboard_name=f"{watched.deployment}-{each.name}",
                dashboard_body=Stack.of(self).to_json_string(body_of(each, watched.log_groups, watched.region)),
            )
