"""Tests of the hand-written documentation."""
