"""One of the two trees of a review, with what was fetched for it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.core.rendering import Declared
from bot.core.states.placements.applied import ManyApplied
from bot.core.states.placements.delivery import altered
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.declared import DeclaredRoots, with_declared
from bot.core.states.roots.declared_tree import DeclaredTree
from bot.core.states.roots.fetched_files import FetchedFiles, with_fetched
from bot.core.states.roots.files import Files
from bot.core.states.roots.inferred import Roots, roots_of
from bot.core.states.roots.naming import Naming

MOST_ROUNDS: Final = 12
"""Fetched sources may name further ones; each round fetches all that are known by then."""


class SourceTree:
    """One of the two trees, with what was fetched for it so far.

    `files` are without fetched ones. `inferred` are its roots before anything is declared,
    `unbuilt` those with what is declared, `roots` those with what was built of them.
    """

    def __init__(self, files: Files, fetched: FetchedFiles, inferred: Roots | None = None) -> None:
        self.files = self.whole = files
        self.fetched = fetched
        self.inferred = inferred or Roots()
        self.roots = self.unbuilt = Roots()
        self._before: Roots | None = None
        self._answers = 0
        self._looked_up: DeclaredTree | None = None

    def infer(self, manifests: Manifests, naming: Naming, before: Roots | None) -> None:
        """Find its roots, unless nothing that they are found by is another than before."""
        # Answers are only ever added.
        answers = len(self.fetched.answers)
        same = self.inferred.fetched is self.fetched and self._before is before
        if same and self._answers == answers:
            return
        self._before, self._answers = before, answers
        tree, _ = with_fetched(self.files.tree, self.fetched.placed.values(), self.fetched)
        self.whole = replace(self.files, tree=tree)
        read = self.inferred.kustomizations
        self.inferred = roots_of(
            self.whole, manifests, naming, before, fetched=self.fetched, read=read
        )

    def settled(
        self,
        declarations: Sequence[Declared],
        read: ManyApplied,
        before: Roots | None,
        manifests: Manifests,
        naming: Naming,
    ) -> Roots:
        """Its roots with what is declared; what was fetched may name what was fetched as well.

        `read` are its roots as they were read before, of which objects may alter others.
        """
        declared = DeclaredRoots(self.inferred, frozenset())
        for _ in range(MOST_ROUNDS):
            self.infer(manifests, naming, before)
            if self._looked_up is None or self._looked_up.inferred is not self.inferred:
                self._looked_up = DeclaredTree(self.whole, manifests, self.inferred)
            declared = with_declared(self._looked_up, declarations, naming)
            remotes = {
                remote.place: remote for remote in (*self.inferred.remotes, *declared.roots.remotes)
            }
            _, fetched = with_fetched(self.files.tree, remotes.values(), self.fetched)
            if (fetched.placed, fetched.left_out) == (self.fetched.placed, self.fetched.left_out):
                break
            self.fetched = fetched
        return altered(declared.roots, read, declared.owners)
