"""Why a query has no answer."""


class QueryError(Exception):
    """A query that can't be answered. Its text is one sentence for people: what is wrong, and what is allowed."""
