"""VPC flow logs, from bytes to findings: decode, parse, enrich, contacts, measure, detect, emit."""
