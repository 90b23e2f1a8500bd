"""flowsentry doctor: asks an account, read-only, whether the settings can be deployed into it."""
