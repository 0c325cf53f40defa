"""Tests of `bot.kubernetes.guardrails.mutations`."""
