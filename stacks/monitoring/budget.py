"""A monthly budget of AWS Budgets over what carries the deployment's tag.

Not an alarm of CloudWatch: its metric EstimatedCharges is of the whole account and in us-east-1 only
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html), and
usage metrics times list prices would leave out what the deployment does not measure, such as the flow logs' delivery.
"""

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.settings.deployment import Deployment

PERCENT = 100
"""Of the budget. Lower: an e-mail while there is still something left. Higher: later than the settings say."""
KINDS = ("ACTUAL", "FORECASTED")
"""AWS forecasts once it has some five weeks of costs."""


class Budget(Construct):
    """The budget, whose e-mails AWS Budgets sends itself: neither a topic nor its key must admit it.

    It has no name of its own: CloudFormation replaces it when its readers change, and a name is unique in an account.
    A budget without actions is free. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        of = budgets.CfnBudget
        readers = [
            of.SubscriberProperty(subscription_type="EMAIL", address=each)
            for each in deployment.operator_emails or deployment.alert_emails
        ]
        of(
            self,
            "Monthly",
            budget=of.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=of.SpendProperty(amount=deployment.monthly_budget_dollars, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:application${deployment.name}"]},
            ),
            notifications_with_subscribers=[
                of.NotificationWithSubscribersProperty(
                    notification=of.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=PERCENT,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=readers,
                )
                for kind in KINDS
            ],
        )
