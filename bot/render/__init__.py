"""Roots into resources."""
