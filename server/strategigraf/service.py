"""What one process serves: a release, its store, its names and its queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from strategigraf.catalogue import Answer, Catalogue
from strategigraf.names import Names
from strategigraf.profile import Profile, profile
from strategigraf.release import Release
from strategigraf.retired import Retired, retired
from strategigraf.search import Extra, Index, make
from strategigraf.settings import Settings
from strategigraf.store import Reader


@dataclass(frozen=True)
class Service:
    """A release opened for reading; nothing here changes once it is made."""

    settings: Settings
    release: Release
    store: Reader
    names: Names
    catalogue: Catalogue

    @classmethod
    def open(cls, settings: Settings, release: Release, store: Reader | None = None) -> Service:
        """Open a release: from its own store in memory or on disk, or from ``store``, which holds it.

        A process that forks afterwards calls ``store.after_fork()`` in each child.
        """
        store = release.store(settings.store) if store is None else store
        return cls(settings, release, store, Names(store.apart()), Catalogue(release.sources()))

    @cached_property
    def profile(self) -> Profile:
        """What the release holds, class by class; counted the first time that it is asked for."""
        return profile(self.store)

    @cached_property
    def retired(self) -> dict[str, Retired]:
        """The addresses that are no longer in use, by IRI; read the first time that it is asked for."""
        return retired(self.store)

    @cached_property
    def index(self) -> Index:
        """Full text search over the release and its public queries; made the first time that it is asked for."""
        queries = (
            Extra(
                name,
                {"da": query.header.summary.da, "en": query.header.summary.en},
                {"da": query.header.description.da, "en": query.header.description.en},
            )
            for name, query in self.catalogue.queries.items()
        )
        return Index(make(self.store.apart(), self.names, queries))

    def answer(self, query: str, parameters: Mapping[str, str], today: date | None = None) -> Answer:
        """Run a public query; ``on`` is today where it is not given."""
        day = today or self.settings.today()
        return self.catalogue.run(query, parameters, self.store, self.names, day)
