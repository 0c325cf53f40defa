"""Tests of `bot.kubernetes.guardrails.settings`."""
