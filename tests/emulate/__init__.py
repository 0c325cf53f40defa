"""The App against a GitHub that others wrote; opt-in."""
