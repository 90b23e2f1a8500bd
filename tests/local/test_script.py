"""The console script."""

import subprocess
import sys

SLOW = """
import builtins, sys
real = builtins.__import__
def slow(name, *arguments):
    if name == "typer":
        raise KeyboardInterrupt
    return real(name, *arguments)
builtins.__import__ = slow
from local.script import main
sys.exit(main())
"""


def test_ctrl_c_while_modules_are_imported_ends_the_command_without_a_word() -> None:
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
