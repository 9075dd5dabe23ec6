"""The web layer: pages for people, and the same facts as data for programs."""

from __future__ import annotations

from flask import Flask

from strategigraf.board import Board
from strategigraf.service import Service
from strategigraf.web import (
    about,
    compare,
    contexts,
    description,
    downloads,
    feeds,
    frameworks,
    front,
    http,
    lineage,
    matrix,
    metrics,
    municipalities,
    neighbours,
    ontology,
    pages,
    problems,
    queries,
    render,
    report,
    search,
    sparql,
    things,
    timeline,
)
from strategigraf.web.application import Application
from strategigraf.web.protocol import MOST_BYTES


def create_app(service: Service, board: Board | None = None) -> Flask:
    """The application for an open release; ``board`` is what the processes of one service share.

    Its ``wsgi_app`` is an ``Application``, which answers most requests before Flask comes to them.

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
    for module in (
        front,
        pages,
        things,
        queries,
        search,
        sparql,
        description,
        ontology,
        metrics,
        timeline,
        feeds,
        lineage,
        neighbours,
        frameworks,
        matrix,
        municipalities,
        compare,
        contexts,
        downloads,
        about,
        report,
    ):
        app.register_blueprint(module.blueprint)
    # A worker is forked with what has been read here; its first page need not wait for it.
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
    app.wsgi_app = Application(app, service, board)  # type: ignore[method-assign]  # as Flask's manual says
    return app
