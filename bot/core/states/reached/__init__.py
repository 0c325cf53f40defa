"""Roots that a change leaves as they are and that count for what it does."""
