"""Adapters to AWS: the only modules that call AWS services."""
