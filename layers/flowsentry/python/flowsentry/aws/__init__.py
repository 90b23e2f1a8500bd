"""Adapters to AWS: the only modules that call AWS services."""

import gc
import os

if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
    # Imports leave next to nothing to collect, and looking for it takes a tenth of a function's start. A handler
    # imports this package before the large ones; `telemetry.instrumented`, after all imports, turns it on again.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    gc.disable()
