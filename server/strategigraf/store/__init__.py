"""Stores that hold a release: in memory, on disk, or on another machine; all give the same answers.

``Reader`` is what serving needs of one. Nothing outside this package uses ``pyoxigraph.Store`` or speaks to another
machine.
"""

from strategigraf.store.disk import DiskStore, make
from strategigraf.store.embedded import GraphStore
from strategigraf.store.reader import Reader, Result, Row
from strategigraf.store.remote import RemoteStore

__all__ = ["DiskStore", "GraphStore", "Reader", "RemoteStore", "Result", "Row", "make"]
