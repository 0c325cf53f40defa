"""Becoming an App: the page that `fairlead serve` shows while it has no credentials."""
