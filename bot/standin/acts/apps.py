"""Actions on Apps: create, install, suspend, uninstall."""

from __future__ import annotations

from bot.standin import people
from bot.standin.accounts import App, Installation, Permissions
from bot.standin.acts.acts import Acts
from bot.standin.repositories import StandInRepository


class AppActs(Acts):
    """Apps and their installations."""

    def create_app(
        self, name: str = "Fairlead", *, owner: str = "example", webhook_url: str | None = None
    ) -> App:
        """A new App with the permissions that Fairlead requests."""
        with self.state.lock:
            account = self.state.account(owner, "Organization")
            return people.register_app(self.state, name, account, webhook_url)

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
            return people.install(self._context, app, list(repositories), permissions)

    def suspend(self, installation: Installation) -> None:
        """Suspends the installation: all of its calls are refused."""
        with self.state.lock:
            people.set_suspended(self._context, installation, suspended=True)

    def unsuspend(self, installation: Installation) -> None:
        """Ends the suspension of the installation."""
        with self.state.lock:
            people.set_suspended(self._context, installation, suspended=False)

    def uninstall(self, installation: Installation) -> None:
        """Removes the installation and revokes its tokens."""
        with self.state.lock:
            people.uninstall(self._context, installation)
