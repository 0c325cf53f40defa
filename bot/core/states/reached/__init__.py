"""Unchanged roots whose resources matter for what a change does."""
