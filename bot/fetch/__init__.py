"""Fetches the remote bases, charts and files that a repository refers to.

Questions that this package answers: which references may be fetched (`allowed_sources`), which
hosts and addresses may be contacted (`addresses`, `guard`), how a Git repository, an HTTP chart
repository, an OCI registry or a single file is read (`repositories`, `charts`, `registries`,
`web`), which account a repository may use for that (`accounts`), how the result is verified and
kept (`admission`, `store`), and how the process that opens the connections is confined (`process`,
`child`). `fetching.Session` is the entry point.
"""

from bot.fetch.accounts import Accounts
from bot.fetch.fetching import Fetching, Session
from bot.fetch.run import SessionLimits

__all__ = ["Accounts", "Fetching", "Session", "SessionLimits"]
