"""HTTP to one store on another machine: connections that are kept, a deadline, and the errors of this project.

Only the address that was configured, and those beside it that ``publish`` writes to, are ever called: no redirect is
followed, no proxy and no password is taken from the environment, and no cookie is kept.
"""

from __future__ import annotations

import http.cookiejar
import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth, HTTPDigestAuth
from urllib3.exceptions import HTTPError

from strategigraf.errors import BadParameter, StoreUnavailable, TooLarge
from strategigraf.job import MOST_BYTES, too_large
from strategigraf.text import Text

log = logging.getLogger("strategigraf.store")
#: Seconds to reach the store, and what a request may take where nothing else is said.
CONNECT_SECONDS, SECONDS = 5.0, 60.0
_CONNECTIONS = 32
_PIECE = 1 << 16
Pairs = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """What a store answered: status, headers by their names in any case, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """A client of one store; it may be used by many threads, but not across a fork (see ``renew``)."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self._user, self._password = user, password
        self._session = self._open()

    def renew(self) -> None:
        """Begin with fresh connections, in a forked process: those that were inherited belong to its parent."""
        self._session.close()
        self._session = self._open()

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS)
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        return session

    def send(
        self,
        method: str,
        url: str,
        params: Pairs = (),
        data: Pairs | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Send a request and read the whole answer, within ``seconds``.

        Raises StoreUnavailable where the store cannot be reached or is too slow, where it refuses the user, and where
        it breaks off; TooLarge for an answer of more than ``job.MOST_BYTES``.
        """
        limit = time.monotonic() + (seconds or SECONDS)
        for attempt in (1, 2):
            try:
                answer = self._once(method, url, params, data, headers or {}, limit)
                if answer.status == 401 and self._learn(answer):
                    answer = self._once(method, url, params, data, headers or {}, limit)
                if answer.status in (401, 403):
                    raise _refused(url, answer.status)
                return answer
            except (requests.Timeout, TimeoutError) as error:
                raise too_slow(url, seconds or SECONDS) from error
            except (requests.RequestException, HTTPError, OSError) as error:
                # A connection that was kept may have been closed by the other end just now.
                stale = attempt == 1 and "Connection aborted" in str(error)
                if not stale:
                    log.warning("%s: %s", url, error)
                    raise _down() from error
        raise AssertionError("the second attempt returns or raises")

    def _once(
        self, method: str, url: str, params: Pairs, data: Pairs | bytes | None, headers: Mapping[str, str], limit: float
    ) -> Answer:
        left = max(0.05, limit - time.monotonic())
        body = data if isinstance(data, bytes) or data is None else list(data)
        with self._session.request(
            method,
            url,
            params=list(params),
            data=body,
            headers=dict(headers),
            timeout=(min(CONNECT_SECONDS, left), left),
            allow_redirects=False,
            stream=True,
        ) as response:
            pieces: list[bytes] = []
            size = 0
            while piece := response.raw.read1(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > MOST_BYTES:
                    raise TooLarge(too_large(MOST_BYTES // 1_000_000))
                if time.monotonic() > limit:
                    raise TimeoutError
            return Answer(response.status_code, response.headers, b"".join(pieces))

    def _learn(self, answer: Answer) -> bool:
        """Take up the scheme that the store asks for (RFC 7617, RFC 7616); whether there is anything new to try."""
        asked = answer.headers.get("WWW-Authenticate", "").lower()
        if not self._user or self._session.auth is not None:
            return False
        digest = "digest" in asked
        auth = HTTPDigestAuth if digest else HTTPBasicAuth
        self._session.auth = auth(self._user, self._password)
        return True


def address(url: str, option: str) -> str:
    """An address of a store as it was given; BadParameter, naming the option, for one that cannot be used."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment
        _ = parts.port
    except ValueError:
        good, parts = False, urlsplit("")
    if not good:
        raise BadParameter(
            Text(
                f"{option} kan ikke være {url!r}: skriv en adresse som http://127.0.0.1:7878/query.",
                f"{option} cannot be {url!r}: write an address such as http://127.0.0.1:7878/query.",
            )
        )
    if parts.username or parts.password:
        raise BadParameter(
            Text(
                f"{option} skal være uden bruger og adgangskode. Sæt STRATEGIGRAF_STORE_USER og _PASSWORD.",
                f"{option} must be without user and password. Set STRATEGIGRAF_STORE_USER and _PASSWORD.",
            )
        )
    return url


def _down() -> StoreUnavailable:
    return StoreUnavailable(
        Text("Databasen svarer ikke. Prøv igen om lidt.", "The store does not answer. Try again in a moment.")
    )


def too_slow(url: str, seconds: float) -> StoreUnavailable:
    """The error where the store took longer than it was given."""
    log.warning("%s: more than %g seconds", url, seconds)
    return StoreUnavailable(
        Text(
            f"Databasen svarede ikke inden for {seconds:g} sekunder. Gør forespørgslen snævrere.",
            f"The store did not answer within {seconds:g} seconds. Make the query narrower.",
        ),
        10,
    )


def _refused(url: str, status: int) -> StoreUnavailable:
    log.warning("%s: status %d", url, status)
    return StoreUnavailable(
        Text(
            "Databasen afviser brugeren. Sæt STRATEGIGRAF_STORE_USER og STRATEGIGRAF_STORE_PASSWORD.",
            "The store refuses the user. Set STRATEGIGRAF_STORE_USER and STRATEGIGRAF_STORE_PASSWORD.",
        ),
        60,
    )
