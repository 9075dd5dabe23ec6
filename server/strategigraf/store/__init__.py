"""Stores that hold a release: in memory, on disk, or on another machine; all give the same answers.

``Reader`` is what serving needs of one. Nothing outside this package uses ``pyoxigraph.Store`` or speaks to another
machine. ``RemoteStore`` is imported when it is first asked for: an HTTP client is fifteen megabytes in every process.
"""

from typing import TYPE_CHECKING, Any

from strategigraf.store.disk import DiskStore, make
from strategigraf.store.embedded import GraphStore
from strategigraf.store.merged import MergedStore
from strategigraf.store.reader import Reader, Result, Row

if TYPE_CHECKING:
    from strategigraf.store.remote import RemoteStore

__all__ = ["DiskStore", "GraphStore", "MergedStore", "Reader", "RemoteStore", "Result", "Row", "make"]


def __getattr__(name: str) -> Any:
    """The store on another machine (PEP 562)."""
    if name != "RemoteStore":
        raise AttributeError(name)
    from strategigraf.store.remote import RemoteStore

    return RemoteStore
