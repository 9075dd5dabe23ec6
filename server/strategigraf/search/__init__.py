"""Full text search over a release: Danish and English, by name and by what the sources say.

``make`` reads a release into an SQLite database (FTS5) in memory; ``Index`` asks it, in whichever process.
"""

from strategigraf.search.index import Filters, Found, Hit, Index
from strategigraf.search.make import KINDS, QUERY, Extra, make
from strategigraf.search.words import Matcher

__all__ = ["KINDS", "QUERY", "Extra", "Filters", "Found", "Hit", "Index", "Matcher", "make"]
