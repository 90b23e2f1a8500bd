"""The console script `flowsentry`: Ctrl-C ends it without a word, also while its modules are still imported."""

INTERRUPTED = 130
"""The shell's exit code for Ctrl-C: 128 and the number of SIGINT."""


def main() -> int:
    """The exit code of the command."""
    try:
        from local.cli import main as run  # noqa: PLC0415 - the import takes a fifth of a second, and can be interrupted

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
