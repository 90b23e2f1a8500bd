"""SnapStart: what a function does before Lambda takes its snapshot, and after it is restored.

One snapshot is the state of many execution environments: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html.
Here it holds imports and clients, which are bound to no moment: a client opens its connections, and refreshes its
credentials, when it is called. Whatever is read from AWS, or depends on the time, is made in the first invocation.
"""

import os
import random
from collections.abc import Callable

INITIALIZATION_TYPE, OF_SNAPSHOT = "AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""


def in_snapshot(*clients: Callable[[], object]) -> None:
    """Makes these clients before the snapshot is taken, and seeds the pseudorandom numbers anew after each restore:
    otherwise all environments would wait equally long before they retry. Without SnapStart it does nothing.

    The runtime has the library: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    if os.environ.get(INITIALIZATION_TYPE) != OF_SNAPSHOT:
        return
    import snapshot_restore_py as hooks  # type: ignore[import-untyped]  # noqa: PLC0415 - the runtime has it

    for client in clients:
        hooks.register_before_snapshot(client)
    hooks.register_after_restore(random.seed)
