"""The production server: an HTTP front, workers that are forked, and queries that can be ended."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from strategigraf.board import Board
from strategigraf.service import Service
from strategigraf.settings import Settings


def run(chosen: Settings, open_service: Callable[[], Service], current: Callable[[], str], host: str, port: int) -> int:
    """Serve until stopped; the exit code.

    ``open_service`` opens what is served, in the process that will hold it; ``current`` names the release that is to
    be served now. Where the operating system has no epoll and no fork, Waitress serves in one process, and queries
    have no deadline.
    """
    if not (hasattr(select, "epoll") and hasattr(os, "fork")):
        import waitress

        from strategigraf.web import create_app

        waitress.serve(create_app(open_service()), host=host, port=port, threads=8)
        return 0
    from strategigraf.server.supervisor import Plan, serve

    def application(board: Board) -> Any:
        from strategigraf.web import create_app

        made: Any = create_app(open_service(), board).wsgi_app
        made.warm()
        return made

    return serve(Plan(chosen, host, port, application, current))
