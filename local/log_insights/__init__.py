"""Runs queries of CloudWatch Logs Insights on log events, on this machine."""
