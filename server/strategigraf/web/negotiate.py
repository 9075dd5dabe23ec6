"""The choice of a representation: file ending, ``format=``, Accept (RFC 9110, section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from flask import request

from strategigraf.errors import NotAcceptable
from strategigraf.media import GRAPHS, HTML, Media, by_token, choose
from strategigraf.text import Text

#: The representations of a thing; HTML first, since that is what a browser gets.
DOCUMENT: tuple[Media, ...] = (HTML, *GRAPHS)


def pick(offered: Sequence[Media], ending: str = "") -> Media:
    """The representation to send, one of ``offered``.

    A file ending decides first, then ``format=`` (short name or media type), then Accept. Raises
    NotAcceptable, with the list of what there is, where nothing fits.
    """
    token = ending or request.args.get("format", "")
    accept = request.headers.get("Accept", "")
    liked = _liked if len(accept) < _LONG else choose
    media = by_token(token, offered) if token else liked(accept, tuple(offered))
    if media is None:
        raise refusal(token or request.headers.get("Accept", ""), offered)
    return media


#: Browsers send the same few headers again and again; longer ones than theirs are not kept.
_LONG = 400
_liked = lru_cache(512)(choose)


def refusal(wanted: str, offered: Sequence[Media]) -> NotAcceptable:
    """The 406 for what was wanted, with the list of what there is."""
    names = ", ".join(f"{media.type} ({media.token})" for media in offered)
    return NotAcceptable(
        Text(
            f"Intet format passer til {wanted!r}. Her er: {names}.",
            f"No format fits {wanted!r}. There are: {names}.",
        )
    )


def ending_of(name: str, offered: Sequence[Media]) -> tuple[str, str]:
    """A name without its file ending, and the ending; the ending is empty where none is known."""
    stem, dot, ending = name.rpartition(".")
    if dot and stem and any(media.token == ending for media in offered):
        return stem, ending
    return name, ""
