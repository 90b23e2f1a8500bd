"""Which way in is cheaper for what the account logs already: CloudWatch Logs, or S3."""
