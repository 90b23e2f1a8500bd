"""A small company's VPCs and their traffic, with scenarios that should and should not alert."""
