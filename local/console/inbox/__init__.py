"""The alert inbox: findings with their triage, and the messages about them as each channel shows them."""
