"""Cloud assemblies of settings, each synthesised once, without an account and without building the layer."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
os.environ.setdefault("JSII_NODE", str(Path(sys.executable).parent / "node"))

Synthesise = Callable[[str, Mapping[str, Any]], Path]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """A function from a name and a context, beside the feature flags of cdk.json, to the folder of a cloud assembly.

    The checks of app.py run: cdk-nag and the limits of AWS. A finding of theirs is an exception.
    """
    folder = tmp_path_factory.mktemp("assemblies")

    def assembly(name: str, context: Mapping[str, Any]) -> Path:
        from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE

        from app import add_stacks  # noqa: PLC0415 - the same

        flags = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(outdir=str(folder / name), context={**flags, **context, "aws:cdk:bundling-stacks": []})
        add_stacks(app)
        app.synth()
        return folder / name

    return assembly
