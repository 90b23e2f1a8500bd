"""The inventory as it is in the account now, for commands that name owners and rules."""
