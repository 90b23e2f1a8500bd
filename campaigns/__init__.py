"""Campaigns that try to break Flowsentry: faults, hostile input, load, wrong clocks, outages. `python -m campaigns`."""
