"""Reads flow logs of the command line record by record, and keeps what they cover and what could not be read."""
