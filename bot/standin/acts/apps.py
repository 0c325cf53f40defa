"""Actions on Apps: create, install, suspend, uninstall."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.standin.accounts import Account, App, Installation, Permissions
from bot.standin.acts import Acts
from bot.standin.repositories import StandInRepository
from bot.standin.state import GitHubState

# What Fairlead asks for; any App may be made with others.
PERMISSIONS: Permissions = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "read",
    "merge_queues": "read",
    "members": "read",
}
EVENTS = (
    "pull_request",
    "merge_group",
    "check_run",
    "check_suite",
    "push",
    "repository",
    "pull_request_review",
    "pull_request_review_comment",
    "issue_comment",
)


class AppActs(Acts):
    """Apps and their installations."""

    def create_app(
        self, name: str = "Fairlead", *, owner: str = "example", webhook_url: str | None = None
    ) -> App:
        """A new App with the permissions that Fairlead requests."""
        with self.state.lock:
            account = self.state.account(owner, "Organization")
            return register_app(self.state, name, account, webhook_url)

    def set_webhook(self, app: App, url: str | None) -> None:
        """The App's webhook address; a `ping` goes to a new one."""
        with self.state.lock:
            app.webhook_url = url
            self._context.events.ping(app)

    def install(
        self, app: App, *repositories: StandInRepository, permissions: Permissions | None = None
    ) -> Installation:
        """The App on repositories of one account, with its own permissions unless named."""
        with self.state.lock:
            installation = Installation(
                id=self.state.new_id(),
                app=app,
                account=repositories[0].owner,
                repository_ids={repository.id for repository in repositories},
                permissions=dict(permissions or app.permissions),
                created_at=self.state.clock(),
            )
            self.state.installations[installation.id] = installation
            self._context.events.installation(installation, "created", installation.account)
            return installation

    def suspend(self, installation: Installation) -> None:
        """Suspends the installation: all of its calls are refused."""
        with self.state.lock:
            installation.suspended_at = self.state.clock()
            self._context.events.installation(installation, "suspend", installation.account)

    def unsuspend(self, installation: Installation) -> None:
        """Ends the suspension of the installation."""
        with self.state.lock:
            installation.suspended_at = None
            self._context.events.installation(installation, "unsuspend", installation.account)

    def uninstall(self, installation: Installation) -> None:
        """Removes the installation and revokes its tokens."""
        state = self.state
        with state.lock:
            self._context.events.installation(installation, "deleted", installation.account)
            del state.installations[installation.id]
            state.tokens = {
                text: token
                for text, token in state.tokens.items()
                if token.installation is not installation
            }


def register_app(state: GitHubState, name: str, owner: Account, webhook_url: str | None) -> App:
    """A new App with a key, a client id and a webhook secret of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    slug = name.lower().replace(" ", "-")
    app = App(
        id=state.new_id(),
        slug=slug,
        name=name,
        client_id=f"Iv23li{secrets.token_hex(7)}",
        owner=owner,
        bot=state.account(f"{slug}[bot]", "Bot"),
        private_key=private.decode(),
        public_key=public.decode(),
        webhook_secret=secrets.token_hex(20),
        client_secret=secrets.token_hex(20),
        webhook_url=webhook_url,
        hook_id=state.new_id(),
        permissions=dict(PERMISSIONS),
        events=list(EVENTS),
        created_at=state.clock(),
    )
    state.apps[app.id] = app
    return app
