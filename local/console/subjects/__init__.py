"""What the console shows: a deployed app, or a replay of flow logs."""
