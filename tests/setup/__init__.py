"""Becoming an App."""
