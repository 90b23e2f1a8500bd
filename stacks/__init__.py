"""What AWS must deploy."""
