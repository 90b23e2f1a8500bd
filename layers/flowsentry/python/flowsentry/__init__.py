"""VPC flow logs, from bytes to findings: decode, parse, enrich, contacts, measure, detect, emit."""

import os

MEMORY_KEPT_SECONDS = 5
"""How long polars' allocator, jemalloc, keeps pages that were freed before it returns them to the system. Longer: more
memory is held between the chunks of a source (10 s: 20 to 60 MB). Shorter: each chunk asks for its pages again, which
took a tenth of the processor time of a million records at polars' 0.5 s (November 2026)."""
# jemalloc reads this when polars is loaded: https://jemalloc.net/jemalloc.3.html#tuning. Lambda allows no such name in
# a function's environment: https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
os.environ.setdefault("_RJEM_MALLOC_CONF", f"dirty_decay_ms:{1000 * MEMORY_KEPT_SECONDS}")
