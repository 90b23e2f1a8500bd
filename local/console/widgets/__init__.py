"""The widgets of a CloudWatch dashboard with the data that they show."""
