"""Actions on repositories: create, fork, protect, push."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.standin.accounts import App
from bot.standin.acts import Acts
from bot.standin.events import Push
from bot.standin.git.repository import NO_COMMIT, BareRepository, Changes
from bot.standin.pushes import after_push
from bot.standin.repositories import RequiredCheck, StandInRepository


class RepositoryActs(Acts):
    """Repositories, their rules and their branches."""

    def create_repository(
        self, full_name: str, files: Path | Changes, *, default_branch: str = "main"
    ) -> StandInRepository:
        """A private repository whose default branch holds these files in one commit."""
        with self.state.lock:
            repository = self._found(full_name, default_branch)
            self.commit(repository, default_branch, files, message="Initial commit")
            return repository

    def fork(self, repository: StandInRepository, owner: str) -> StandInRepository:
        """A fork of the repository, with every branch of it, under another account."""
        with self.state.lock:
            self.state.account(owner)
            fork = self._found(f"{owner}/{repository.name}", repository.default_branch)
            fork.parent, fork.private = repository, repository.private
            source = str(repository.git.path)
            fork.git.run("fetch", "--quiet", source, "+refs/heads/*:refs/heads/*")
            return fork

    def require_check(
        self,
        repository: StandInRepository,
        context: str,
        *,
        app: App | None = None,
        branch: str | None = None,
    ) -> None:
        """The check must be green before a merge into the branch, by default the default one."""
        with self.state.lock:
            check = RequiredCheck(context, app.id if app else None)
            target = branch or repository.default_branch
            repository.required_checks.setdefault(target, []).append(check)

    def require_resolution(self, repository: StandInRepository) -> None:
        """Conversations must be resolved before a merge into the default branch.

        The rule is shown; it does not block the stand-in's own merges.
        """
        with self.state.lock:
            repository.resolved_branches.add(repository.default_branch)

    def add_collaborator(self, repository: StandInRepository, login: str, permission: str) -> None:
        """The person may `read`, `write` or `admin` the repository."""
        with self.state.lock:
            self.state.account(login)
            repository.collaborators[login] = permission

    def commit(  # noqa: PLR0913 - what a commit is made of
        self,
        repository: StandInRepository,
        branch: str,
        changes: Path | Changes,
        *,
        message: str = "Change manifests",
        author: str = "octocat",
        parent: str | None = None,
    ) -> str:
        """The id of a commit pushed to a branch; None as content deletes a path.

        A new branch starts at the default branch. With `parent` the push is a forced one:
        the branch then is that commit and the new one.
        """
        git, state = repository.git, self.state
        with state.lock:
            by = state.account(author)
            tip = git.resolve(f"refs/heads/{branch}")
            start = parent or tip or git.resolve(f"refs/heads/{repository.default_branch}")
            after = git.commit(
                branch,
                files_of(changes),
                message=message,
                author=by.login,
                moment=state.clock(),
                parent=start,
            )
            after_push(self._context, repository, Push(branch, tip or NO_COMMIT, after, by))
            return after

    def move_branch(
        self, repository: StandInRepository, branch: str, commit: str, *, author: str = "octocat"
    ) -> None:
        """Pushes the branch to an existing commit, with force where needed."""
        with self.state.lock:
            before = repository.git.resolve(f"refs/heads/{branch}") or NO_COMMIT
            repository.git.set_ref(f"refs/heads/{branch}", commit)
            push = Push(branch, before, commit, self.state.account(author))
            after_push(self._context, repository, push)

    def _found(self, full_name: str, default_branch: str) -> StandInRepository:
        """A new repository without commits; an unknown owner becomes an organisation."""
        login, _, name = full_name.partition("/")
        number, moment = self.state.new_id(), self.state.clock()
        git = BareRepository(self.state.directory / f"{number}.git")
        git.create(default_branch)
        repository = self.state.repositories[number] = StandInRepository(
            id=number,
            owner=self.state.account(login, "Organization"),
            name=name,
            default_branch=default_branch,
            private=True,
            git=git,
            created_at=moment,
            pushed_at=moment,
        )
        return repository


def files_of(source: Path | Changes) -> Changes:
    """The files of a directory by their paths, or the mapping as it is."""
    if isinstance(source, Mapping):
        return source
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
