"""Import it before polars: it keeps this process on one processor, with one thread of polars, as in a function.

Lambda gives a function of 1,769 MB one processor, and smaller ones less. On a second one that is free, polars' threads
wait for work actively, which counted as a fifth of the processor time of a payload of 1,000 records (November 2026).
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
