"""Renders a page with its headers, its style and its templates."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

import jinja2
from flask import Response

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


def harden(response: Response) -> Response:
    """No script, no frame, nothing from other sites, nothing left in caches."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    """A template of `templates/web` as a response."""
    text = _templates().get_template(name).render(**values)
    return Response(text, status, mimetype="text/html")


def style() -> Response:
    """The one style sheet."""
    text = (resources.files("templates") / "web" / "style.css").read_text(encoding="utf-8")
    response = Response(text, mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("templates", "web"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
