"""The page on which a person installs an App on a repository.

https://docs.github.com/apps/using-github-apps/installing-a-github-app-from-a-third-party
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from bot.standin.accounts import App
from bot.standin.acts.apps import AppActs
from bot.standin.calls import context, state
from bot.standin.errors import not_accessible, not_found
from bot.standin.repositories import StandInRepository

installing = Blueprint("installing", __name__)


@installing.get("/apps/<slug>/installations/new")
def choose(slug: str) -> str:
    """The repositories on which the App is not installed."""
    app = _app(slug)
    return render_template("install.html", app=app, repositories=_without(app))


@installing.post("/apps/<slug>/installations/new")
def install(slug: str) -> Answer:
    """Install the App on the chosen repository; requests from other sites are refused."""
    if request.headers.get("Origin") not in (None, state().url):
        raise not_accessible()
    app = _app(slug)
    chosen = request.form.get("repository", "")
    for repository in _without(app):
        if str(repository.id) == chosen:
            AppActs(context()).install(app, repository)
            return redirect("/")
    raise not_found()


def _app(slug: str) -> App:
    for app in state().apps.values():
        if app.slug == slug:
            return app
    raise not_found()


def _without(app: App) -> list[StandInRepository]:
    covered = {
        repository
        for installation in state().installations.values()
        if installation.app is app
        for repository in installation.repository_ids
    }
    return [entry for entry in state().repositories.values() if entry.id not in covered]
