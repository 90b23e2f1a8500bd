"""The CDK app: five stacks, made from the settings in cdk.json. Synth needs no account, no Docker and no clock."""

import sys

from aws_cdk import App

from stacks.analytics.stack import AnalyticsStack
from stacks.constructs.checks import add_checks, add_compliance_checks
from stacks.monitoring.stack import MonitoringStack
from stacks.processing.stack import ProcessingStack
from stacks.settings.deployment import Deployment
from stacks.settings.reading import SettingsError
from stacks.sources.stack import FlowLogsStack
from stacks.state.stack import StateStack


def add_stacks(app: App) -> None:
    """Adds the stacks in the order of their deployment, and the checks on them. Raises SettingsError."""
    deployment = Deployment.from_context(app.node.get_all_context())
    flow_logs = FlowLogsStack(app, "FlowLogs", deployment=deployment)
    state = StateStack(app, "State", deployment=deployment)
    analytics = AnalyticsStack(app, "Analytics", deployment=deployment)
    processing = ProcessingStack(app, "Processing", deployment=deployment, log_groups_of=flow_logs)
    monitoring = MonitoringStack(app, "Monitoring", deployment=deployment)
    if deployment.customer_key:
        state.add_stack_dependency(flow_logs, "the customer managed key")
    analytics.add_stack_dependency(flow_logs, "the log bucket")
    analytics.add_stack_dependency(state, "the output bucket")
    processing.add_stack_dependency(flow_logs, "log groups, buckets and the queue")
    processing.add_stack_dependency(state, "tables, topics and the output bucket")
    processing.add_stack_dependency(analytics, "the table that alerts point to")
    monitoring.add_stack_dependency(processing, "functions")
    add_checks(app, flow_logs, deployment)


if __name__ == "__main__":
    app = App()
    try:
        add_stacks(app)
    except SettingsError as error:
        sys.exit(str(error))
    add_compliance_checks(app)
    app.synth()
