"""Replies to the commands in a person's comment, as values and as text."""

from __future__ import annotations

from typing import Final

from bot.core.engine.page import Page
from bot.core.publish.commands import Verb
from bot.core.publish.templating import render
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who may carry out the command. `blind`: team members could not be read."""

    owners: tuple[str, ...] = ()
    blind: bool = False


NOBODY: Final = Person()


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The outcome of one command.

    `fault` says why it was not carried out; the template words `may-not` and `edited`.
    """

    verb: Verb
    id: str = ""
    fault: str | None = None
    message: str = ""
    until: str = ""
    page: Page | None = None
    person: Person = NOBODY
    done: bool = False


def write_reply(marker: str, answers: tuple[CommandReply, ...]) -> str:
    """The text of the comment that answers all commands of one comment."""
    helpful = any(answer.verb in {"help", "unknown"} and not answer.fault for answer in answers)
    return render("reply.md", marker=marker, answers=answers, helpful=helpful)
