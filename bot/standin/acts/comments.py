"""Actions on comments, threads and reviews."""

from __future__ import annotations

from datetime import timedelta

from bot.standin import reviewing
from bot.standin.acts import Acts
from bot.standin.repositories import IssueComment, ReviewComment, StandInPullRequest, StandInReview


class CommentActs(Acts):
    """Comments, threads and reviews."""

    def comment(self, pull: StandInPullRequest, text: str, *, by: str) -> IssueComment:
        """A person's comment in the conversation."""
        with self.state.lock:
            return reviewing.converse(self._context, pull, self._person(by), text)

    def reply(
        self, pull: StandInPullRequest, comment: ReviewComment, text: str, *, by: str
    ) -> ReviewComment:
        """A person's answer in the thread of a review comment."""
        with self.state.lock:
            return reviewing.reply_to(self._context, pull, self._person(by), comment, text)

    def review_comment(
        self, pull: StandInPullRequest, path: str, line: int, text: str, *, by: str
    ) -> ReviewComment:
        """A person's comment on a line of the head."""
        with self.state.lock:
            request = {"body": text, "path": path, "line": line, "commit_id": pull.head_sha}
            return reviewing.comment_on(self._context, pull, self._person(by), request)

    def review(
        self, pull: StandInPullRequest, event: str, *, by: str, text: str = "Seen"
    ) -> StandInReview:
        """A person's review of the head: `APPROVE`, `COMMENT` or `REQUEST_CHANGES`."""
        with self.state.lock:
            return reviewing.submit(
                self._context, pull, self._person(by), {"event": event, "body": text}
            )

    def edit_comment(
        self, pull: StandInPullRequest, comment: IssueComment, text: str, *, by: str
    ) -> None:
        """The comment with another text, whoever writes it: maintainers may edit others'."""
        with self.state.lock:
            before, comment.body = comment.body, text
            comment.updated_at = self.state.clock() + timedelta(seconds=1)
            account, changed = self.state.account(by), {"body": {"from": before}}
            self._context.events.comment(pull, comment, "edited", by=account, changes=changed)

    def delete_comment(self, pull: StandInPullRequest, comment: IssueComment) -> None:
        """Deletes the comment from the conversation."""
        with self.state.lock:
            pull.conversation.remove(comment)
            self._context.events.comment(pull, comment, "deleted")

    def resolve_thread(self, pull: StandInPullRequest, comment: ReviewComment, *, by: str) -> None:
        """The thread that a comment began, resolved by a person."""
        with self.state.lock:
            pull.resolved_threads[comment.thread] = self.state.account(by)

    def _person(self, login: str) -> reviewing.Author:
        return reviewing.Author(self.state.account(login))
