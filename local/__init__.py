"""The same handlers on this machine, with no AWS account."""
