"""A finding and where one may look → a link and queries with its addresses, ports and times filled in."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowsentry.emit.links import insights_link
from flowsentry.emit.queries import athena_query, insights_query
from flowsentry.emit.sought import sought_of
from flowsentry.findings import Finding
from flowsentry.places import Places


@dataclass(frozen=True, slots=True)
class LookCloser:
    """What is empty there is no place for."""

    insights_link: str = ""
    insights_query: str = ""
    athena_query: str = ""

    def lines(self, workgroup: str) -> Iterator[str]:
        """As people read it; none where there is nowhere to look."""
        if self.insights_link:
            yield "The records, in CloudWatch Logs Insights (press Run query):"
            yield self.insights_link
        if self.athena_query:
            yield f"The records with owners, in Athena{f' (workgroup {workgroup})' if workgroup else ''}:"
            yield from self.athena_query.split("\n")


def look_closer(finding: Finding, places: Places) -> LookCloser:
    """Where to look for the records that a finding was made of, and those before and after."""
    sought = sought_of(finding)
    if sought is None:
        return LookCloser()
    query = insights_query(sought)
    link = "" if finding.scope in places.vpcs_in_s3 else insights_link(query, sought, places)
    return LookCloser(
        insights_link=link,
        insights_query=query if link else "",
        athena_query=athena_query(sought, places.athena_table) if places.athena_table else "",
    )
