"""Runs Flowsentry on this machine without an AWS account: the command line, the demo and the embedded AWS."""
