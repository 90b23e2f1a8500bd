"""A named query: a question, and its answer in SQL that Athena runs, and that DuckDB runs over the same files."""

import re
from dataclasses import dataclass

ENRICHED_FLOWS = "enriched_flows"
"""The table of enriched records."""
PARAMETERS = {
    "first_day": "the first day, '2026-11-01'",
    "last_day": "the last day, '2026-11-07'",
    "address": "an address, '10.0.0.7'",
    "network": "a network to leave out, '10.0.0.0/8'",
    "port": "a destination port, 443",
}
"""What a query may ask for, with an example as Athena takes it. Days are those of the objects, in UTC."""
DURING = "day BETWEEN :first_day AND :last_day"
OF_INTERFACES = "coalesce(tgw_id, tgw_attachment_id, resource_type) IS NULL"
"""No records of transit gateways, which see the same flows again."""
ONCE = f"""{OF_INTERFACES}
  AND NOT coalesce(direction = 'ingress' AND source_is_inside, false)
  AND NOT coalesce(direction = 'egress' AND NOT source_is_inside AND pkt_srcaddr <> srcaddr, false)"""
"""Each flow once: what is sent from inside by the sender's record, and what comes from outside where it arrives, not
where a gateway passes it on. The metrics count rejects at the receiver too (flowsentry/records/second_records.py)."""


def _at_one_end(amount: str) -> str:
    """The sum of an amount of a pair of addresses whose traffic is logged at one end or at both: at the end that logged
    more. So traffic inside counts once, and traffic with a network whose interfaces are not logged is not lost.
    """
    received = "sum(CASE WHEN direction = 'ingress' THEN {} ELSE 0 END)"
    sent = "sum(CASE WHEN direction = 'ingress' THEN 0 ELSE {} END)"
    return f"greatest({received},\n    {sent})".replace("{}", amount)


FRAGMENTS = {
    "{during}": DURING,
    "{of_interfaces}": OF_INTERFACES,
    "{once}": ONCE,
    "{source}": "coalesce(pkt_srcaddr, srcaddr)",
    "{destination}": "coalesce(pkt_dstaddr, dstaddr)",
    "{packets_at_one_end}": _at_one_end("packets"),
    "{bytes_at_one_end}": _at_one_end("bytes"),
}
"""Parts that queries have in common: the days, and the packet's addresses where the format has them."""
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


@dataclass(frozen=True)
class Query:
    """A query over one table, without the name of the database. `text` has FRAGMENTS and, as `:name`, PARAMETERS.

    Both engines take the same text: Trino's, without what DuckDB lacks. They differ in the parameters only, which
    neither ever gets as part of the text.
    """

    name: str
    question: str
    text: str
    table: str = ENRICHED_FLOWS

    @property
    def sql(self) -> str:
        """The text with its fragments, and with parameters by name."""
        text = self.text.strip()
        for fragment, meaning in FRAGMENTS.items():
            text = text.replace(fragment, meaning)
        return text

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters in the order of the text; one that is used twice is named twice."""
        return tuple(_PARAMETER.findall(self.sql))

    @property
    def for_athena(self) -> str:
        """With a `?` for each parameter, for which the console asks in the order of the comment.

        https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements-querying-using-execution-parameters.html
        """
        asked = "; ".join(f"{number} {PARAMETERS[name]}" for number, name in enumerate(self.parameters, 1))
        return f"-- {self.question}\n-- Parameters: {asked}\n{_PARAMETER.sub('?', self.sql)}"

    @property
    def for_duckdb(self) -> str:
        """With `$name` for each parameter.

        https://duckdb.org/docs/stable/sql/query_syntax/prepared_statements
        """
        return _PARAMETER.sub(r"$\1", self.sql)
