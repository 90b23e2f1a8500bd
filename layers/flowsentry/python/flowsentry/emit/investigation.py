"""A finding → a console link and queries with its addresses, ports and times filled in."""

from collections.abc import Iterator

from flowsentry.emit.console_queries import AccountResources, athena_query, insights_link, insights_query
from flowsentry.emit.search_terms import search_terms_of
from flowsentry.findings.finding import Finding
from flowsentry.value import Value


class Investigation(Value, frozen=True):
    """Empty fields: the account has no such resource to search in."""

    insights_link: str = ""
    insights_query: str = ""
    athena_query: str = ""

    def lines(self, workgroup: str) -> Iterator[str]:
        """The lines of a mail; none where there is nothing to search in."""
        if self.insights_link:
            yield "Flow log records in CloudWatch Logs Insights (choose Run query):"
            yield self.insights_link
        if self.athena_query:
            yield f"Enriched records in Athena{f' (workgroup {workgroup})' if workgroup else ''}:"
            yield from self.athena_query.split("\n")


def investigation(finding: Finding, resources: AccountResources) -> Investigation:
    """How to find the records that a finding is based on, and those just before and after."""
    search_terms = search_terms_of(finding)
    if search_terms is None:
        return Investigation()
    query = insights_query(search_terms)
    link = "" if finding.scope in resources.vpcs_in_s3 else insights_link(query, search_terms, resources)
    return Investigation(
        insights_link=link,
        insights_query=query if link else "",
        athena_query=athena_query(search_terms, resources.athena_table) if resources.athena_table else "",
    )
