"""A GitHub on loopback, backed by real git: for the demo and the tests."""

from bot.standin.git.merging import MergeRefused
from bot.standin.stand_in import EXAMPLE, StandIn

__all__ = ["EXAMPLE", "MergeRefused", "StandIn"]
