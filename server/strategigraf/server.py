"""The production server: a release is opened once in each worker process."""

from __future__ import annotations

import os
from typing import Any

from strategigraf.release import Release
from strategigraf.service import Service
from strategigraf.settings import Settings

#: Many, since a connection that says nothing yet holds a thread for up to five seconds, and browsers open such
#: connections in advance; a waiting thread costs little.
_THREADS = 64


def run(chosen: Settings, release: Release, host: str, port: int) -> None:
    """Serve a release until stopped. Waitress stands in where there is no fork."""
    if os.name == "nt":
        import waitress

        from strategigraf.web import create_app

        waitress.serve(create_app(Service.open(chosen, release)), host=host, port=port, threads=8)
        return
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """Gunicorn, set up from our settings and nothing else."""

        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": chosen.workers,
                "worker_class": "gthread",
                "threads": _THREADS,
                "timeout": 60,
                "graceful_timeout": 10,
                "keepalive": 5,
                "limit_request_line": 8190,
                "loglevel": "warning",
                "proc_name": "strategigraf",
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            """The WSGI application of one worker; each opens the release after the fork."""
            from strategigraf.web import create_app

            return create_app(Service.open(chosen, release))

    Server().run()
