"""Tests of the ways in which Fairlead runs elsewhere: each door is run as it would be there."""
