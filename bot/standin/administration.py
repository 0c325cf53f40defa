"""Actions of owners on repositories: rename, archive, add to and remove from an App."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin.accounts import Installation
from bot.standin.context import Context
from bot.standin.repositories import Stack, StandInPullRequest, StandInRepository


@dataclass(frozen=True, slots=True)
class Administration:
    """The settings pages of a stand-in."""

    context: Context

    def rename(self, repository: StandInRepository, name: str, *, by: str = "octocat") -> None:
        """Renames the repository; requests for the old name are redirected."""
        state = self.context.state
        with state.lock:
            before, state.former_names[repository.full_name.lower()] = (
                repository.name,
                repository.id,
            )
            repository.name = name
            self.context.events.renamed(repository, before, state.account(by))

    def rename_person(self, login: str, to: str) -> None:
        """Gives an account another login; the former one is free for anybody.

        What the account is a member of, and whose commits are its, stays.
        """
        state = self.context.state
        with state.lock:
            account = state.accounts[to] = state.accounts.pop(login)
            account.login = to
            for members in state.teams.values():
                if login.lower() in members:
                    members -= {login.lower()}
                    members |= {to.lower()}
            for repository in state.repositories.values():
                if login in repository.collaborators:
                    repository.collaborators[to] = repository.collaborators.pop(login)

    def delete_fork(self, fork: StandInRepository) -> None:
        """Deletes a fork; its pull requests stay, with heads that belong to no repository."""
        with self.context.state.lock:
            del self.context.state.repositories[fork.id]

    def archive(self, repository: StandInRepository, *, by: str = "octocat") -> None:
        """Archives the repository: nothing can be merged into it any more."""
        state = self.context.state
        with state.lock:
            repository.archived = True
            self.context.events.archived(repository, state.account(by))

    def stack(self, *pulls: StandInPullRequest) -> None:
        """The pull requests as one stack, from the lowest to the highest."""
        state = self.context.state
        with state.lock:
            lowest, number = pulls[0], state.new_id()
            for place, pull in enumerate(pulls, 1):
                pull.stack = Stack(number, lowest.base_ref, lowest.base_sha, len(pulls), place)

    def add(self, installation: Installation, *repositories: StandInRepository) -> None:
        """Adds repositories to the installation."""
        with self.context.state.lock:
            installation.repository_ids |= {repository.id for repository in repositories}
            self.context.events.reach(installation, "added", list(repositories))

    def remove(self, installation: Installation, *repositories: StandInRepository) -> None:
        """Removes repositories from the installation."""
        with self.context.state.lock:
            installation.repository_ids -= {repository.id for repository in repositories}
            self.context.events.reach(installation, "removed", list(repositories))

    def team(self, name: str, *members: str) -> None:
        """Sets the members of a team, which is named `organisation/slug`."""
        with self.context.state.lock:
            self.context.state.teams[name.lower()] = {login.lower() for login in members}
            for login in members:
                self.context.state.account(login)
