"""The headers that every answer has: CORS, and what a browser may do with it."""

from __future__ import annotations

from urllib.parse import urlsplit

VARY = "Accept, Accept-Language, Accept-Encoding"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Accept-Profile, Content-Type, If-Modified-Since, If-None-Match, Range"
    ),
    "Access-Control-Max-Age": "86400",
}


def shared(public_url: str) -> tuple[tuple[str, str], ...]:
    """The headers of every answer, errors too, for a public address."""
    public = urlsplit(public_url)
    return (
        ("Access-Control-Allow-Origin", "*"),
        (
            "Access-Control-Expose-Headers",
            "Link, ETag, Last-Modified, Content-Type, Content-Location, Content-Profile, Content-Disposition, "
            "Content-Range, Accept-Ranges, Retry-After",
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        (
            "Content-Security-Policy",
            "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {public.scheme}://{public.netloc}",
        ),
    )


NAMES = frozenset(name for name, _ in shared("http://x"))
