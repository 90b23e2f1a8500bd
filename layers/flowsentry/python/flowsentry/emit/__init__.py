"""The last stage: metrics, messages and enriched objects, as values. Sending them is left to aws/."""
