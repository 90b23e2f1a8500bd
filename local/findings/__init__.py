"""flowsentry findings: lists and triages the findings of a deployment."""
