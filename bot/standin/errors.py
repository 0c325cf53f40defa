"""What GitHub answers when it refuses."""

from __future__ import annotations

from bot.standin.repositories import Body

DOCUMENTATION = "https://docs.github.com/rest"


class HttpRefusal(Exception):  # noqa: N818 - it is an answer, not a failure
    """An answer other than success: its status, and a body in the shape of GitHub's."""

    def __init__(
        self, status: int, message: str, errors: list[Body] | list[str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Body = {"message": message, "documentation_url": DOCUMENTATION}
        if errors is not None:
            self.body["errors"] = errors
        if status != 422:
            self.body["status"] = str(status)


def not_found() -> HttpRefusal:
    """What is not there, or what the caller may not even know of."""
    return HttpRefusal(404, "Not Found")


def not_accessible() -> HttpRefusal:
    """A token that reaches the repository but lacks the permission."""
    return HttpRefusal(403, "Resource not accessible by integration")


def invalid(resource: str, field: str, message: str, code: str = "custom") -> HttpRefusal:
    """A request whose one field is wrong."""
    error: Body = {"resource": resource, "field": field, "code": code, "message": message}
    return HttpRefusal(422, "Validation Failed", [error])


def unprocessable(*messages: str) -> HttpRefusal:
    """A request that is wrong in a way that GitHub says in sentences."""
    return HttpRefusal(422, "Unprocessable Entity", list(messages))
