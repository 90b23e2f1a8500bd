"""An entry of the runbook: four sentences that an alarm's description has too, so that its e-mail needs no link."""

from collections.abc import Iterable
from dataclasses import dataclass

NAME = "flowsentry"
"""In queries: the name of the deployment, which `for_deployment` replaces."""
SERVICE = "<service>"
"""In queries of entries for several functions: the function, with hyphens, which the alarm's row names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the runbook says of an alarm, in plain text and Markdown's backticks.

    `meaning` is what is wrong, and what is lost by it; `query` a command to paste that shows more; `cause` the usual
    one; `silence` how to silence the alarm and how that ends.
    """

    name: str
    meaning: str
    query: str
    cause: str
    silence: str

    def query_for(self, deployment: str, names: Iterable[tuple[str, str]] = ()) -> str:
        """The command with the names of a deployment, and with those of a row of the table of alarms."""
        query = self.query.replace(f"/{NAME}/", f"/{deployment}/").replace(f"{NAME}-", f"{deployment}-")
        query = query.replace(f'"{NAME}"', f'"{deployment}"')
        for placeholder, name in names:
            query = query.replace(placeholder, name)
        return query


def value(parameter: str) -> str:
    """A command substitution: the value that the deployment shares under this name."""
    return f"$(aws ssm get-parameter --name /{NAME}/{parameter} --query Parameter.Value --output text)"


def in_log(service: str, pattern: str) -> str:
    """A command: lines of the log of a function that match a filter pattern, of the last three hours.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    return f"aws logs tail {value(f'{service}-log-group-name')} --since 3h --filter-pattern '{{{pattern}}}'"


def children_of(composite: str) -> str:
    """A command: the alarms of a composite alarm that are not OK."""
    return (
        f"aws cloudwatch describe-alarms --children-of-alarm-name {NAME}-{composite} --query "
        "\"MetricAlarms[?StateValue!='OK'].[AlarmName,StateValue]\" --output table"
    )


def first_message(queue: str) -> str:
    """A command: a message of a queue, with its attributes."""
    return f"aws sqs receive-message --message-attribute-names All --queue-url {queue}"
