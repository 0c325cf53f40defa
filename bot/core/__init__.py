"""Every decision, as functions of values: no input or output, no clock, no environment."""
