"""One request while it is being answered: what the application tells the server, and the server the application.

The server puts a Job into the WSGI environment under ``KEY``; under any other WSGI server there is none, and the
application makes one of its own that nobody watches.
"""

from __future__ import annotations

import io
import itertools
import threading
import time

from strategigraf.text import Text

KEY = "strategigraf.job"
PAGE, QUERY = "page", "query"
#: A page asks questions of our own, whose cost is known; it is stopped only where something is wrong.
PAGE_SECONDS = 30.0
#: The largest answer of a query that is sent.
MOST_BYTES = 200_000_000
_numbers = itertools.count(1)


class Job:
    """A request being answered.

    ``kind``: ``query`` for a stranger's query, which the server may end, else ``page``. ``deadline``: seconds it may
    take. ``client``: who asks. ``keep``: whether the answer is the same until the release or the day changes.
    """

    __slots__ = (
        "_answer", "_first_seen", "_ident", "_lead",
        "client", "deadline", "elsewhere", "heavy", "keep", "kind", "number", "output", "started",
        "stopped", "thread",
    )  # fmt: skip

    def __init__(self, client: str = "") -> None:
        self.number = next(_numbers)
        self.started = time.perf_counter()
        self.kind, self.client, self.deadline, self.keep = PAGE, client, PAGE_SECONDS, False
        #: Whether it is worked on by another machine; whether it runs so long that its worker has retired.
        self.elsewhere = self.heavy = False
        self.stopped = ""
        #: What is being written of the answer, so that the watch can see how large it gets.
        self.output: io.BytesIO | None = None
        self.thread, self._ident = threading.get_native_id(), threading.get_ident()
        self._first_seen: float | None = None
        # list.pop is one step under the interpreter's lock: of two threads that try, one gets it.
        self._answer, self._lead = [1], [1]

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.started

    def worked(self) -> float:
        """Seconds of processor time that its thread has used since this was first asked.

        A query that waits for a processor is not a heavy one. The thread must be alive.
        """
        used = time.clock_gettime(time.pthread_getcpuclockid(self._ident))
        if self._first_seen is None:
            self._first_seen = used
        return used - self._first_seen

    def take_answer(self) -> bool:
        """The right to answer, given once: to the thread that works, or to the watch that ends it."""
        return _take(self._answer)

    def take_lead(self) -> bool:
        """The right to lead the loop after this job, given once: to the thread that works, or to another."""
        return _take(self._lead)


def _take(token: list[int]) -> bool:
    try:
        token.pop()
    except IndexError:
        return False
    return True


def out_of_time(seconds: float, most: float) -> Text:
    """The message of a query that was stopped at its deadline."""
    return Text(
        f"Forespørgslen blev stoppet efter {seconds:g} sekunder. Gør den snævrere, eller bed om mere tid med timeout= "
        f"(højst {most:g}).",
        f"The query was stopped after {seconds:g} seconds. Make it narrower, or ask for more time with timeout= "
        f"(at most {most:g}).",
    )


def out_of_memory(megabytes: int) -> Text:
    """The message of a query that was stopped for the memory it took."""
    return Text(
        f"Forespørgslen blev stoppet, fordi den brugte over {megabytes} MB hukommelse. Gør den snævrere, "
        "eller hent hele grafen og spørg i dit eget værktøj.",
        f"The query was stopped because it used more than {megabytes} MB of memory. Make it narrower, "
        "or download the whole graph and ask in your own tool.",
    )


def too_large(megabytes: int) -> Text:
    """The message of a query whose answer is larger than is sent."""
    return Text(
        f"Svaret er over {megabytes} MB. Sæt LIMIT på, spørg efter en del ad gangen, eller hent hele grafen: "
        "dens filer står på /downloads/.",
        f"The answer is over {megabytes} MB. Add LIMIT, ask for a part at a time, or download the whole graph: "
        "its files are listed at /downloads/.",
    )


def too_many_heavy(count: int) -> Text:
    """The message of a client that has too many heavy queries at once."""
    return Text(
        f"Du har allerede {count} tunge forespørgsler i gang. Vent, til en af dem er færdig.",
        f"You already have {count} heavy queries running. Wait until one of them has ended.",
    )


def busy() -> Text:
    """The message where the service has as many heavy queries as it takes."""
    return Text(
        "Tjenesten har så mange tunge forespørgsler i gang, som den tager. Prøv igen om lidt.",
        "The service has as many heavy queries running as it takes. Try again in a moment.",
    )
