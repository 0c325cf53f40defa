"""The answer to a person's commands, as values and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.engine.page import Page
from bot.core.publish.commands import Verb
from bot.core.publish.report import render


@dataclass(frozen=True, slots=True)
class Person:
    """Who could have done it instead. `blind`: it could not be asked who is in which team."""

    owners: tuple[str, ...] = ()
    blind: bool = False


NOBODY: Final = Person()


@dataclass(frozen=True, slots=True)
class CommandReply:
    """What became of one command.

    `fault` says why it was not carried out; `may-not` and `edited` have words in the template.
    """

    verb: Verb
    id: str = ""
    fault: str | None = None
    message: str = ""
    until: str = ""
    page: Page | None = None
    person: Person = NOBODY
    done: bool = False


def write_reply(mark: str, answers: tuple[CommandReply, ...]) -> str:
    """The text of the one comment that answers all of them."""
    helpful = any(answer.verb in {"help", "unknown"} and not answer.fault for answer in answers)
    return render("reply.md", mark=mark, answers=answers, helpful=helpful)
