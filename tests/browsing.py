"""A real browser for tests: Debian's Chromium, driven by Playwright, watched for anything that should not happen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NEEDED = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path: the pages were NOT tried in a browser")
#: Where pictures of pages are kept, to be looked at.
PICTURES = Path(os.environ.get("STRATEGIGRAF_PICTURES", "build/pictures"))
_WATCH = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  "CSP", event.effectiveDirective, event.blockedURI, event.sourceFile, event.lineNumber, event.sample));
"""


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """Somebody with a window of some width; ``amiss`` is what went wrong on the pages that they opened.

    That is: errors and warnings of scripts, breaches of the Content-Security-Policy, requests to other hosts.
    """

    def __init__(self, browser: Browser, server: str, width: int = 1280, **options: Any) -> None:
        self.server = server
        self.amiss: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.context.add_init_script(_WATCH)
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: self.amiss.append(f"{self.page.url}: {error.message}"))
        self.page.on("console", self._console)

    def open(self, path: str) -> Page:
        """Open a path, whatever its status."""
        self.page.goto(self.server + path)
        return self.page

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    def close(self) -> None:
        """Close the window; fails where anything was amiss."""
        self.context.close()
        assert self.amiss == []

    def _request(self, asked: Any) -> None:
        if not asked.url.startswith((self.server, "data:", "blob:")):
            self.amiss.append(asked.url)

    def _console(self, said: Any) -> None:
        # An answer with a status of 400 or more is the service's word, and told as such.
        if said.type in ("error", "warning") and not said.text.startswith("Failed to load resource"):
            self.amiss.append(f"{self.page.url}: {said.text}")
