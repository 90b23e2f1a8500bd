"""AWS Budgets: budgets of CloudFormation, with AWS's limits on who gets their notifications."""

from local.aws.deployment.cloudformation import ResourceType
from local.aws.refusals import refuse
from local.aws.settings import ACCOUNT

MOST_NOTIFICATIONS, MOST_EMAILS, MOST_TOPICS = 10, 10, 1
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html"""
REFUSED = "InvalidParameterException"


class Budget(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::Budgets::Budget"

    def create(self) -> str:
        given = self.properties["Budget"]
        name = given.get("BudgetName", self.name)
        limit = {**given["BudgetLimit"], "Amount": str(given["BudgetLimit"]["Amount"])}
        notifications = self.properties.get("NotificationsWithSubscribers", [])
        _require_few(notifications)
        self.client("budgets").create_budget(
            AccountId=ACCOUNT,
            Budget={**given, "BudgetName": name, "BudgetLimit": limit},
            NotificationsWithSubscribers=notifications,
        )
        return str(name)

    def delete(self) -> None:
        name = self.properties["Budget"].get("BudgetName", self.name)
        self.client("budgets").delete_budget(AccountId=ACCOUNT, BudgetName=name)


def _require_few(notifications: list[dict[str, list[dict[str, str]]]]) -> None:
    if len(notifications) > MOST_NOTIFICATIONS:
        raise refuse(REFUSED, f"a budget has at most {MOST_NOTIFICATIONS} notifications: {len(notifications)}")
    for each in notifications:
        kinds = [subscriber["SubscriptionType"] for subscriber in each["Subscribers"]]
        if kinds.count("EMAIL") > MOST_EMAILS or kinds.count("SNS") > MOST_TOPICS:
            text = f"a notification has at most {MOST_EMAILS} e-mail addresses and {MOST_TOPICS} topic"
            raise refuse(REFUSED, text)
