"""Runs that try to break what is promised, for as long as there is time: inputs, faults, floods."""
