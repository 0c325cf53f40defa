"""Roots into resources, by the real renderers, in a sandbox."""
