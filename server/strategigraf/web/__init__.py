"""The web layer: pages for people, and the same facts as data for programs."""

from __future__ import annotations

from flask import Flask

from strategigraf.service import Service
from strategigraf.web import http, ontology, pages, problems, queries, render, search, sparql, things

MOST_BYTES = 1_000_000


def create_app(service: Service) -> Flask:
    """The application for an open release.

    Paths answer with and without a final slash, and none redirects there: a redirect that Werkzeug
    makes would carry the Host header.
    """
    app = Flask("strategigraf.web")
    app.extensions["strategigraf"] = service
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=86400,
    )
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    render.install(app)
    http.install(app)
    problems.install(app)
    for module in (pages, things, queries, search, sparql, ontology):
        app.register_blueprint(module.blueprint)
    return app
