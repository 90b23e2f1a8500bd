"""VPC flow logs, from bytes to findings: decode, parse, enrich, contacts, measure, detect, emit."""

import os

MEMORY_KEPT_MILLISECONDS = 500
"""How long polars' allocator, jemalloc, keeps pages that were freed before it returns them to the system. Longer: more
memory is held between the chunks of a source (5 s: some 100 MB more). Shorter: each chunk asks for its pages again (0
s: 30 % more processor time of a million records, November 2026)."""
ARENAS = 1
"""Parts of the allocator, each of which keeps its own freed pages. One: what a thread has freed, the next one uses,
which takes 70 MB and 4 % of processor time less than the allocator's own choice, four for each processor. More: threads
wait less for each other, of which polars has one or two in a function."""
# jemalloc reads this when polars is loaded: https://jemalloc.net/jemalloc.3.html#tuning. Lambda allows no such name in
# a function's environment: https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{ARENAS},dirty_decay_ms:{MEMORY_KEPT_MILLISECONDS}")
