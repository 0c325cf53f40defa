"""Mutations at admission: what they set, and what anybody may do more by it."""
