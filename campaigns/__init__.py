"""Tries to break Flowsentry: faults, hostile messages, load, wrong clocks, dead services. `python -m campaigns`."""
