"""What the App does with a job: from what happened on GitHub to what is published there.

`story` is the one story of a pull request; `means` is what every story needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.github.tasks import Done, Errand
from bot.github.webhook import Job
from bot.service import story
from bot.service.means import Judge, Means
from bot.service.obey import obey

__all__ = ["Judge", "Service"]


@dataclass(frozen=True, slots=True)
class Service(Means):
    """Everything that a job may ask for, each with its story."""

    def review(self, job: Job) -> str:
        """One word for what became of the pull request as it is now."""
        return story.review(self, job)

    def give_up(self, job: Job, reference: str) -> None:
        """Ends the check run of a job that failed for good, with what finds it in the logs."""
        story.give_up(self, job, reference)

    def obey(self, errand: Errand) -> Done:
        """What became of a comment that holds a command."""
        return obey(self, errand)
