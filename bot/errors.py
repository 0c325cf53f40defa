"""The exceptions of the product.

FairleadError
├── UsageError            what a person asked for cannot be done: exit status 2
│   └── PolicyError       the policy file is not valid
├── GitError              git refused or a commit is not there
│   └── RemoteGitError    a fetch failed on the remote side
├── ReadingError          a reader stops here: what follows in the file is not read
├── AnalysisError         the child process did not answer
│   └── Overtaken         nobody wants its answer any more
├── SandboxError          the kernel offers a sandbox and then refuses it
├── UnbuildableError      a root that no renderer is given
├── FetchError            a remote source could not be fetched
├── DeliveryError         a signed request is no webhook
├── GitHubError           GitHub refused or did not answer
│   ├── GitHubAnswerError GitHub's refusal of one request
│   └── InstallationGone  the App may not be there any more
├── QueueError            the queue's database cannot be read or written now
└── JobFailed             a job ended for good without its review
"""

from __future__ import annotations


class FairleadError(Exception):
    """The base of every error that the product raises on purpose."""


class UsageError(FairleadError):
    """What a person asked for cannot be done; the message says what to do instead."""


class PolicyError(UsageError):
    """A policy that is not valid.

    `line` is the 1-based line in the policy file, or None where no line can be named. `where` is
    the file, None for the repository's own.
    """

    def __init__(self, message: str, line: int | None = None, *, where: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.where = where


class GitError(FairleadError):
    """Git refused, or an object that was named is not there."""


class RemoteGitError(GitError):
    """The remote repository lacks what was asked for, refused it or does not answer."""


class ReadingError(FairleadError):
    """A document that a reader refuses, or that is over a limit.

    `index` is where in the document's text (in characters), None where no place can be named.
    The message never holds text of the document.
    """

    def __init__(self, message: str, index: int | None = None, *, limit: bool = False) -> None:
        super().__init__(message)
        self.index = index
        self.limit = limit


class AnalysisError(FairleadError):
    """The child process that analyses died, ran into a limit, or answered nonsense."""


class Overtaken(AnalysisError):  # noqa: N818 - a state of things, not a fault
    """The analysis was ended because nobody wants its answer any more."""


class DeliveryError(FairleadError):
    """A signed request that is no webhook of GitHub's; the text says why and shows no body."""


class SandboxError(FairleadError):
    """The kernel offers what a sandbox is made of, and then refuses it."""


class UnbuildableError(FairleadError):
    """A root that no renderer is given; the message is one sentence that says why."""


class FetchError(FairleadError):
    """A remote source could not be fetched; the message is one clause that says why.

    `refused`: it may not be asked for, or not be taken; `limit`: a budget of ours was met;
    `passing`: the next attempt may succeed, as when a server does not answer.
    """

    def __init__(
        self, message: str, *, refused: bool = False, limit: bool = False, passing: bool = False
    ) -> None:
        super().__init__(message)
        self.refused = refused
        self.limit = limit
        self.passing = passing


class GitHubError(FairleadError):
    """GitHub refused or did not answer.

    `retryable` says whether the same request may succeed later, `retry_after` after how many
    seconds at the earliest, where GitHub named it.
    """

    def __init__(
        self, message: str, *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class GitHubAnswerError(GitHubError):
    """GitHub's refusal of one request. `status` is HTTP's."""

    def __init__(
        self, message: str, status: int, *, retryable: bool, retry_after: float | None
    ) -> None:
        super().__init__(message, retryable=retryable, retry_after=retry_after)
        self.status = status


class InstallationGone(GitHubError):  # noqa: N818 - a state of things, not a fault
    """The App was uninstalled or suspended where a job is: there is nobody to tell."""


class QueueError(FairleadError):
    """The queue's database cannot be read or written now."""


class JobFailed(FairleadError):  # noqa: N818 - what is recorded of the job, read as a status
    """A job ended for good without its review; the text holds its reference alone."""
