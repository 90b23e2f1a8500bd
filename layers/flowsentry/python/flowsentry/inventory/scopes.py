"""Scopes: within what an address means one host. A VPC's id, a transit gateway's, or one of these words."""

PUBLIC = "public"
"""The scope of an address that means the same everywhere. A private address means nothing without its VPC."""
UNKNOWN_SCOPE = "unknown"
"""The scope of a record whose VPC neither it nor the inventory tells."""
