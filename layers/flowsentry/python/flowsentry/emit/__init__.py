"""What leaves: metrics, messages, objects; still pure."""
