"""What holds for all tests: a law may take its time, since the machine may be busy."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their length: gzip writes the time into its header, and workers must name tests alike."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) else None
